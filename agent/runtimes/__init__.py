"""What runs a model file: one module of `backends` a runtime, all behind `load_net`.

    net = load_net(folder, artifact, "ai-edge-litert")
    logits = net.logits(images)

`net` (load, and logits from images) -> `backends` (raw tensors) ; `tensors` holds the only quantization,
`probe` asks in a child process whether a runtime really runs a model here.
"""
