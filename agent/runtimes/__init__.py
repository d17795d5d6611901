"""Runtimes for model files, all behind `load_net`.

    net = load_net(folder, artifact, "ai-edge-litert")
    logits = net.logits(images)

- `net`: loads a model and computes logits of images.
- `model_file`: refuses a model that needs other files or custom operators.
- `backends`: one module per runtime, from raw input tensors to raw output tensors.
- `tensors`: quantization.
- `probe`: tests in a child process whether a runtime runs a model on this machine.
"""
