"""Writes objects.json: messages as Flower's own classes make objects of them, for the tests of the codec.

    pip install flwr==1.42.0 && python objects.py

With --check FILE it reads a file of the same form that the tests wrote (FLOWER_OBJECTS=FILE swift test --package-path Flower
--filter FlowerMessageTests), makes messages of the objects, and objects of the messages again: the ids must be the same.

The expected values are in FlowerMessageTests, in words of its own.  Chunks are 160 bytes here instead of 5 MiB, so that
a short array has several.
"""

import base64
import json
import os
import pathlib
import sys

CHUNK_BYTES = 160
os.environ["FLWR_PRIVATE_MAX_ARRAY_CHUNK_SIZE"] = str(CHUNK_BYTES)

import flwr
import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Error, Metadata, MetricRecord, RecordDict
from flwr.app.message.message import make_message, remove_content_from_message
from flwr.common.serde import message_to_proto
from flwr.supercore.inflatable.inflatable_object import get_all_nested_objects, get_object_id, get_object_tree
from flwr.supercore.inflatable.inflatable_utils import inflate_object_from_contents, validate_object_content

NAMES = {"quotes": 'a "quote", a \\ and a \n', "scalars": "größe\x7f\x01 \U0001d11e", "one": "\xe9", "two": "e\u0301"}


def arrays():
    record = {}
    for name in ["float32", "float64"]:
        record[name] = np.array([-0.5, 0, 3.25], name)
    for name in ["int8", "int16", "int32", "int64"]:
        record[name] = np.array([-1, 0, np.iinfo(name).max], name)
    for name in ["uint8", "uint16", "uint32", "uint64"]:
        record[name] = np.array([1, 0, np.iinfo(name).max], name)
    record["bool"] = np.array([True, False, True])
    record["scalar"] = np.array(2.5, np.float32)
    record["empty"] = np.zeros((0, 3), np.float64)
    record["long"] = np.arange(100, dtype=np.float32).reshape(4, 25)
    record["zeros"] = np.zeros((16, 8), np.float32)
    record["zeros again"] = record["zeros"]
    return ArrayRecord({name: Array(array) for name, array in record.items()})


def metrics():
    return MetricRecord({
        "num-examples": 12, "loss": 0.25, "below": -3, "large": 2**63 + 5,
        "losses": [0.5, -1.5], "counts": [1, -2], "large ones": [2**63, 1], "none": [],
    })


def config():
    return ConfigRecord({
        "round": 3, "rate": 1e-3, "large": 2**64 - 1, "yes": True, "no": False, "text": "Zürich", "nothing": "",
        "bytes": bytes([0, 255, 7]), "rates": [0.1, 0.2], "rounds": [1, -1], "large ones": [2**63],
        "flags": [True, False], "texts": ["a", "", "𝄞"], "many bytes": [b"", b"\x00"],
    })


def metadata(**changes):
    values = {
        "run_id": 2**63 + 1, "message_id": "", "src_node_id": 1, "dst_node_id": 2**64 - 1, "reply_to_message_id": "",
        "group_id": "3", "created_at": 1700000000.25, "ttl": 3600.0, "message_type": "query.exchange",
    }
    return Metadata(**(values | changes))


def messages():
    zeros = Array(np.zeros((16, 8), np.float32))
    records = RecordDict({
        "arrays": arrays(),
        "bank": ArrayRecord({"north": zeros}),
        "metrics": metrics(),
        "config": config(),
        "config again": config(),
        "nothing": ConfigRecord({}),
    })
    records.update({name: MetricRecord({name: position}) for position, name in enumerate(NAMES.values())})
    reply = {"src_node_id": 2**64 - 1, "dst_node_id": 1, "reply_to_message_id": "0" * 64}
    return {
        "records": make_message(metadata(), content=records),
        "empty": make_message(metadata(group_id="", message_type="train"), content=RecordDict()),
        "error": make_message(metadata(**reply), error=Error(8, "ClientApp a cessé")),
        # flwr 1.42 names the tasks of sender and receiver as well; the package leaves them out.
        "tasks": make_message(metadata(src_task_id=7, dst_task_id=8), content=RecordDict()),
    }


def stored(message):
    message.metadata.__dict__["_message_id"] = message.object_id
    encode = lambda data: base64.b64encode(data).decode()
    return {
        "root": message.object_id,
        "wire": encode(message_to_proto(remove_content_from_message(message)).SerializeToString()),
        "tree": encode(get_object_tree(message).SerializeToString()),
        # Children before parents.
        "ids": list(get_all_nested_objects(message)),
        "objects": [encode(value.deflate()) for value in get_all_nested_objects(message).values()],
    }


def check(path):
    for name, case in json.loads(pathlib.Path(path).read_text())["messages"].items():
        contents = dict(zip(case["ids"], map(base64.b64decode, case["objects"]), strict=True))
        for key, content in contents.items():
            validate_object_content(content)
            assert get_object_id(content) == key, (name, key)
        message = inflate_object_from_contents(case["root"], contents, keep_object_contents=True)
        if message.has_content():
            for record in message.content.array_records.values():
                record.to_numpy_ndarrays()
        again = stored(message)
        assert again == case, (name, [key for key in case if again[key] != case[key]])
        print(f"{name}: {len(contents)} objects are those that flwr {flwr.__version__} makes")


if sys.argv[1:2] == ["--check"]:
    check(sys.argv[2])
else:
    cases = {name: stored(message) for name, message in messages().items()}
    target = pathlib.Path(__file__).with_name("objects.json")
    document = {"flwr": flwr.__version__, "chunkBytes": CHUNK_BYTES, "messages": cases}
    target.write_text(json.dumps(document, indent=0) + "\n")
    check(target)
