"""Compares flower.proto with the messages of the flwr that is installed: the number, type and label of every field.

    pip install flwr && python fields.py        # needs protoc, see Scripts/generate-flower

To be run when a new version of flwr comes out.  Silent and 0 if all fields are there.
"""

import importlib
import pathlib
import pkgutil
import subprocess
import sys
import tempfile

import flwr.proto
from google.protobuf import descriptor_pb2

WIRE = pathlib.Path(__file__).parents[3] / "Sources/FederationFlower/Wire"
# What flwr calls otherwise: the messages of these names are those between SuperLink and SuperNode, with other numbers.
NAMES = {
    f"{verb}Messages{kind}": f"{verb}AppMessages{kind}" for verb in ["Pull", "Push"] for kind in ["Request", "Response"]
}


def fields(message, prefix=""):
    """{message: {field: (number, type, label, type of the message in it)}}, with nested messages."""
    name = prefix + message.name
    found = {name: {f.name: (f.number, f.type, f.label, f.type_name) for f in message.field}}
    for nested in message.nested_type:
        found |= fields(nested, name + ".")
    return found


def ours():
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(["protoc", f"-I{WIRE}", f"--descriptor_set_out={file.name}", "flower.proto"], check=True)
        descriptors = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(file.name).read_bytes())
    return {name: value for message in descriptors.file[0].message_type for name, value in fields(message).items()}


def theirs():
    modules = [module.name for module in pkgutil.iter_modules(flwr.proto.__path__) if module.name.endswith("_pb2")]
    found = {}
    for name in modules:
        descriptor = descriptor_pb2.FileDescriptorProto()
        importlib.import_module(f"flwr.proto.{name}").DESCRIPTOR.CopyToProto(descriptor)
        for message in descriptor.message_type:
            found |= fields(message)
    return found


their, faults = theirs(), []
for message, members in ours().items():
    known = their.get(NAMES.get(message, message))
    if known is None:
        faults.append(f"{message}: there is no such message")
        continue
    for field, value in members.items():
        if known.get(field) != value:
            faults.append(f"{message}.{field}: here {value}, in flwr {known.get(field)}")
if faults:
    sys.exit("\n".join(faults))
