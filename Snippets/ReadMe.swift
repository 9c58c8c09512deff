import FederatedContrastive
import Foundation
import Phantoms
import Segmentation
import Volumes

// Four synthetic patients in the layout of ACDC; with the real data, `data` is its folder `training`.
let home = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
try await Phantom(seed: 1).write(patients: 4, to: home)
let data = home.appendingPathComponent("training")

// Two clients pre-train one encoder, without labels and without showing each other an image.
var settings = PretrainingSettings()
(settings.data, settings.clients, settings.rounds) = (data.path, 2, 2)
(settings.width, settings.size, settings.spacing) = (4, 32, 6)
let run = try await Pretraining(in: RunFolder(new: home.appendingPathComponent("run"), settings: settings))
try await run.train()

// They fine-tune it together on their labelled images.
let start = try InitialWeights(run.folder.url.path).model(classes: ACDC.classNames)
let cases = try await LabelledCase.all(in: DataSet(contentsOf: data), preparedBy: start.preprocessing)
var plan = FineTuningPlan()
plan.rounds = 4
let clients = run.cohort.split.map { patients in patients.flatMap { cases[$0] ?? [] } }
let trained = try await start.fineTuned(at: clients, plan: plan)

// The model is one file, which PyTorch reads too, and labels images on their own grid.
let file = home.appendingPathComponent("model.safetensors")
try trained.write(to: file, provenance: "Fine-tuned on synthetic hearts")
let model = try SegmentationModel(contentsOf: file)
let image = try NIfTI(contentsOf: data.appendingPathComponent("patient001/patient001_frame01.nii.gz")).volume
print("labels \(model.labels(of: image).extent) of \(model.classes.joined(separator: ", "))")
