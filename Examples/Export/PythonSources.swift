/// The Python modules beside an exported model: what a network alone does not tell.
enum PythonSources {
    /// The network in PyTorch, whose parameters have the names in `model.safetensors`.
    static let network = #"""
        """The U-Net of federated-contrastive, with the parameter names of its safetensors files."""
        import torch
        from torch import nn


        def double_conv(inputs, outputs):
            layers = []
            for source in (inputs, outputs):
                layers += [nn.Conv2d(source, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
            return nn.ModuleDict({"double_conv": nn.Sequential(*layers)})


        class UNet(nn.Module):
            """[batch, channels, rows, columns] -> scores [batch, classes, rows, columns]."""

            def __init__(self, channels=1, classes=4, width=16, depth=4):
                super().__init__()
                self.depth = depth
                self.inc = double_conv(channels, width)
                for level in range(1, depth + 1):
                    below = nn.ModuleList([nn.MaxPool2d(2), double_conv(width << (level - 1), width << level)])
                    setattr(self, f"down{level}", nn.ModuleDict({"maxpool_conv": below}))
                    outputs = width << (depth - level)
                    step = {"up": nn.ConvTranspose2d(2 * outputs, outputs, 2, 2), "conv": double_conv(2 * outputs, outputs)}
                    setattr(self, f"up{level}", nn.ModuleDict(step))
                self.outc = nn.ModuleDict({"conv": nn.Conv2d(width, classes, 1)})

            def forward(self, image):
                features = [self.inc["double_conv"](image)]
                for level in range(1, self.depth + 1):
                    pool, convolutions = getattr(self, f"down{level}")["maxpool_conv"]
                    features.append(convolutions["double_conv"](pool(features[-1])))
                result = features.pop()
                for level in range(1, self.depth + 1):
                    step = getattr(self, f"up{level}")
                    joined = torch.cat([features.pop(), step["up"](result)], dim=1)
                    result = step["conv"]["double_conv"](joined)
                return self.outc["conv"](result)


        def load(folder):
            """The network of an exported folder, ready for inference."""
            import json
            import pathlib

            from safetensors.torch import load_file

            folder = pathlib.Path(folder)
            config = json.loads((folder / "config.json").read_text())
            network = UNet(config["channels"], len(config["classes"]), config["width"], config["depth"])
            network.load_state_dict(load_file(folder / "model.safetensors"))
            return network.eval()

        """#

    /// Preprocessing and the way back to the native grid, in NumPy.
    static let pipeline = #"""
        """From a 3-D image to the input of the network, and from its scores to labels, as in federated-contrastive.

            config = json.load(open("config.json"))
            batch = prepare([image], spacing, config)           # image [slice, row, column], spacing (slice, row, column) in mm
            labels = restore(scores_of(batch), image.shape, spacing, config)

        Test-time views and the clean-up of hearts, which the program Segment applies if the model asks for them, are not here.
        """
        import math

        import numpy as np


        def weights(count, step, source_count):
            """The matrix [count, source_count] of antialiased linear resampling around a common center."""
            support = max(1.0, step)
            matrix = np.zeros((count, source_count), np.float32)
            for target in range(count):
                position = (source_count - 1) / 2 + (target - (count - 1) / 2) * step
                if not -0.5 <= position <= source_count - 0.5:
                    continue
                first = max(0, math.ceil(position - support))
                last = min(source_count - 1, math.floor(position + support))
                triangle = np.maximum(0, 1 - np.abs(np.arange(first, last + 1) - position) / support)
                matrix[target, first : last + 1] = triangle / triangle.sum()
            return matrix


        def central(image, spacing, window):
            """The voxels of the central square of every slice, by which intensities are scaled."""
            if window is None:
                return image
            cut = [slice(None)]
            for count, width in zip(image.shape[1:], spacing[1:]):
                side = int(max(1, min(count, math.ceil(window / width))))
                first = (count - side) // 2
                cut.append(slice(first, first + side))
            return image[tuple(cut)]


        def prepare(channels, spacing, config):
            """Images [slice, row, column], one for each channel -> float32 [slice, channel, size, size]."""
            rules = config["preprocessing"]
            size, width = rules["size"], rules["spacing"]
            low_percentile, high_percentile = rules["intensityPercentiles"]
            least, most = rules["intensityRange"]
            result = []
            for image in channels:
                image = np.asarray(image, np.float32)
                near = central(image, spacing, rules.get("intensityWindow")).astype(np.float64)
                near = near[np.isfinite(near)]
                low, high = np.percentile(near, [low_percentile, high_percentile]) if near.size else (0.0, 0.0)
                low, high = np.float32(low), np.float32(high)
                scale = np.float32(1) / (high - low) if high > low else np.float32(0)
                with np.errstate(invalid="ignore", over="ignore"):
                    scaled = np.clip((image - low) * scale, np.float32(least), np.float32(most))
                scaled = np.where(np.isfinite(image), scaled, np.float32(0))
                rows = weights(size, width / spacing[1], image.shape[1])
                columns = weights(size, width / spacing[2], image.shape[2])
                result.append(rows @ (scaled @ columns.T))
            return np.stack(result, axis=1).astype(np.float32)


        def restore(scores, shape, spacing, config):
            """Scores [slice, class, size, size] -> labels uint8 [slice, row, column] on the grid of the image."""
            rules = config["preprocessing"]
            size, width = rules["size"], rules["spacing"]
            rows = weights(shape[1], spacing[1] / width, size)
            columns = weights(shape[2], spacing[2] / width, size)
            native = rows @ (np.asarray(scores, np.float32) @ columns.T)
            return native.argmax(axis=1).astype(np.uint8)

        """#
}
