"""What `make bench` measures besides `digit-agent bench`: whole pictures, against other ways to read them.

python -m benchmarks.choice     # whether the choice is worse than the best fixed one
python -m benchmarks.start      # start to first reading, and memory
python -m benchmarks.idle       # work per second where the camera moves, and where nothing does
python -m benchmarks.reading    # a frame and a still, against OpenCV's sample and against a bare threshold
python -m benchmarks.video      # films, whether each number in them is announced once and rightly
python -m benchmarks.log        # what the log writes in a day of ten readings a second
python -m benchmarks.soak       # 200,000 frames with cameras that fail, reloads and heat: what is left over
python -m benchmarks.scenes     # drawn pages of every kind, under what makes them hard; needs MNIST
python -m benchmarks.fields     # single fields of forms, by what makes them hard; needs MNIST
python -m benchmarks.isolated   # digits that others cut out one by one; needs their files
python -m benchmarks.plain      # the small tier against the plain CNN in fp32; needs torch

And what writes tables into the README and docs/measured.md:

python -m benchmarks.nets           # what ships and what was trained
python -m benchmarks.instructions   # instructions a digit and a frame take, under qemu (`make count`)
python -m benchmarks.boards         # what is chosen on seven boards, under qemu
"""
