"""Benchmarks that `make bench` and developers run in addition to `digit-agent bench`.

Each is a command with `--help`. Exit code 0: done, and all bounds are kept; 1: a bound is missed or the run failed;
2: wrong use; any error that a user can cause is one line on stderr.

python -m benchmarks.choice     # is the chosen variant slower than the best fixed one?
python -m benchmarks.start      # time and memory from the start to the first reading
python -m benchmarks.idle       # CPU time per second of video: moving camera against a still one
python -m benchmarks.reading    # time to read a frame and a still image, against OpenCV's sample and a bare threshold
python -m benchmarks.video      # rendered videos: is each number announced once and correctly?
python -m benchmarks.log        # bytes that the log writes per day at ten readings a second
python -m benchmarks.soak       # 200,000 frames with camera faults, reloads and heat: leaks and lost readings
python -m benchmarks.scenes     # accuracy on rendered pages, by layout and condition; needs MNIST
python -m benchmarks.fields     # accuracy on rendered form fields, by style; needs MNIST
python -m benchmarks.numbers    # whole strings: errors, risk and coverage, calibration; needs pictures or pen strokes
python -m benchmarks.isolated   # accuracy on digits that others have cut out; needs their files
python -m benchmarks.plain      # the small tier against the plain CNN in fp32; needs torch

These write tables into docs/measured.md:

python -m benchmarks.nets           # the artifacts that ship, and the trained recipes
python -m benchmarks.instructions   # instructions per digit and per frame, under qemu (`make count`)
python -m benchmarks.boards         # the variants chosen on seven boards, under qemu
"""
