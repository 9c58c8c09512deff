"""Inference of the U-Net by the engines that deployers use: onnxruntime and OpenVINO, in float32."""

import pathlib
import tempfile

import torch

from network import UNet


def exported(options, folder):
    """The network as a file of ONNX, the given one or the twin's; the engine that reads it folds batch norms into the
    convolutions."""
    images = torch.rand(options.batch, 1, options.size, options.size)
    if options.onnx:
        return pathlib.Path(options.onnx), images.numpy()
    model = UNet(options.width).eval()
    path = pathlib.Path(folder) / "network.onnx"
    torch.onnx.export(model, (images,), path, dynamo=True, verbose=False)
    return path, images.numpy()


def onnxruntime(options):
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    with tempfile.TemporaryDirectory() as folder:
        path, images = exported(options, folder)
        session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: images})[0]


def openvino(options):
    import openvino

    with tempfile.TemporaryDirectory() as folder:
        path, images = exported(options, folder)
        settings = {
            "INFERENCE_NUM_THREADS": options.threads,
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
        }
        request = openvino.Core().compile_model(path, "CPU", settings).create_infer_request()
    return lambda: request.infer([images])[0]

