import FileIO
import Foundation
import Reporting
import Volumes

extension ExportedModel {
    /// The files of a MONAI bundle.
    ///
    /// Source: "MONAI bundle specification" of MONAI 1.5.
    func monaiFiles() throws -> [String: Data] {
        [
            "configs/metadata.json": try ReadableJSON.data(metadata),
            "configs/inference.json": Data(inference.utf8),
            "models/model.safetensors": try weights(),
            "models/config.json": try configuration(),
            "scripts/__init__.py": Data(),
            "scripts/unet.py": Data(PythonSources.network.utf8),
            "scripts/segmentation.py": Data(PythonSources.pipeline.utf8),
            "scripts/bundle.py": Data(Self.script.utf8),
            "docs/README.md": Data((card ?? "# U-Net\n\n\(provenance)\n").utf8),
        ]
    }

    private struct Metadata: Encodable {
        let version = PackageVersion.text
        let monai_version = "1.5.0"
        let pytorch_version = "2.5.0"
        let numpy_version = "1.26.0"
        let required_packages_version = ["nibabel": "5.2.0", "safetensors": "0.4.0"]
        let task: String
        let description: String
        let authors = "federated-contrastive"
        let copyright = "see docs/README.md"
        let intended_use = "Research only; this is not a medical device."
        let network_data_format: Format

        struct Format: Encodable {
            let inputs: [String: Port]
            let outputs: [String: Port]
        }

        struct Port: Encodable {
            let type: String
            let format: String
            let num_channels: Int
            let spatial_shape: [String]
            let dtype = "float32"
            let value_range: [Double]
            let is_patch_data = false
            let channel_def: [String: String]
        }
    }

    private var metadata: Metadata {
        let configuration = model.network.configuration
        let multiple = "\(configuration.divisor)*n"
        let range = model.preprocessing.intensityRange
        let channels = (0..<configuration.inputChannels).map { ("\($0)", "channel \($0)") }
        let classes = model.classes.enumerated().map { ("\($0.offset)", $0.element) }
        return Metadata(
            task: "Segmentation of \(model.classes.dropFirst().joined(separator: ", "))", description: provenance,
            network_data_format: .init(
                inputs: [
                    "image": .init(
                        type: "image", format: "magnitude", num_channels: configuration.inputChannels,
                        spatial_shape: [multiple, multiple],
                        value_range: [Double(range.lowerBound), Double(range.upperBound)],
                        channel_def: Dictionary(uniqueKeysWithValues: channels))
                ],
                outputs: [
                    "pred": .init(
                        type: "image", format: "segmentation", num_channels: configuration.classes,
                        spatial_shape: [multiple, multiple], value_range: [0, 1],
                        channel_def: Dictionary(uniqueKeysWithValues: classes))
                ]))
    }

    /// The configuration of inference, which MONAI's `ConfigParser` evaluates.
    private var inference: String {
        let configuration = model.network.configuration
        return """
            {
              "imports": ["$import json", "$from scripts.bundle import label", "$from safetensors.torch import load_file"],
              "bundle_root": ".",
              "images": [],
              "output_dir": "labels",
              "config": "$json.load(open(@bundle_root + '/models/config.json'))",
              "network_def": {
                "_target_": "scripts.unet.UNet",
                "channels": \(configuration.inputChannels),
                "classes": \(configuration.classes),
                "width": \(configuration.width),
                "depth": \(configuration.depth)
              },
              "weights": "$@network_def.load_state_dict(load_file(@bundle_root + '/models/model.safetensors'))",
              "run": ["$@weights", "$label(@network_def, @config, @images, @output_dir)"]
            }

            """
    }

    /// The module that labels files.
    private static let script = #"""
        """Labels NIfTI files: python -m monai.bundle run run --config_file configs/inference.json --images '["a.nii.gz"]'"""
        import pathlib

        import nibabel
        import numpy as np
        import torch

        from . import segmentation


        def label(network, config, images, output_dir):
            """Labels each file, an image of one channel with slices along its third axis, and returns the new files."""
            output = pathlib.Path(output_dir)
            output.mkdir(parents=True, exist_ok=True)
            network.eval()
            written = []
            for path in map(pathlib.Path, images):
                file = nibabel.load(path)
                image = np.asarray(file.dataobj, np.float32).transpose(2, 1, 0)
                spacing = tuple(float(width) for width in file.header.get_zooms()[2::-1])
                with torch.no_grad():
                    batch = torch.from_numpy(segmentation.prepare([image], spacing, config))
                    scores = torch.cat([network(part) for part in batch.split(8)]).numpy()
                labels = segmentation.restore(scores, image.shape, spacing, config).transpose(2, 1, 0)
                result = nibabel.Nifti1Image(labels, file.affine, file.header)
                result.set_data_dtype(np.uint8)
                result.header.set_slope_inter(1, 0)
                name = output / (path.name.split(".nii")[0] + "_seg.nii.gz")
                nibabel.save(result, name)
                written.append(str(name))
            return written

        """#
}
