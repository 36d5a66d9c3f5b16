"""The cases of ONNX's backend suite as the wheel has them: the node cases, generated, and the models
of its data folders that need no download."""
import dataclasses
import pathlib
import re
import warnings

import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

FOLDERS = ("simple", "pytorch-converted", "pytorch-operator")
SIZE = 2024  # of the wheel that tests/requirements.txt names


@dataclasses.dataclass
class Case:
    name: str
    folder: pathlib.Path  # model.onnx and test_data_set_N with input_N.pb and output_N.pb
    rtol: float
    atol: float
    family: str


def proto(value, info):
    """The message that a value is written as."""
    if hasattr(value, "SerializeToString"):
        return value
    kinds = {"map_type": numpy_helper.from_dict, "sequence_type": numpy_helper.from_list,
             "optional_type": numpy_helper.from_optional}
    make = kinds.get(info.type.WhichOneof("value"), numpy_helper.from_array)
    return make(value, info.name)


def write_case(folder, case):
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(case.model.SerializeToString())
    for k, (inputs, outputs) in enumerate(case.data_sets):
        data = folder / f"test_data_set_{k}"
        data.mkdir()
        for kind, values, infos in (("input", inputs, case.model.graph.input),
                                    ("output", outputs, case.model.graph.output)):
            for j, (value, info) in enumerate(zip(values, infos)):
                (data / f"{kind}_{j}.pb").write_bytes(proto(value, info).SerializeToString())


def family_of(case, operators):
    """The folder of the operator's schema in ONNX's sources: math, nn, rnn ..."""
    stem = re.sub(r"_expanded.*$", "", case.name)
    domain, op_type = operators.get(stem) or operators[case.name]
    if domain == "":
        domain = "ai.onnx"
    try:
        schema = onnx.defs.get_schema(op_type, "" if domain == "ai.onnx" else domain)
    except onnx.defs.SchemaError:
        return domain
    part = pathlib.Path(schema.file).parent.name
    return part if domain == "ai.onnx" else f"{part} ({domain})"


def collect(folder, text=""):
    """Writes the node cases whose names have `text` in them below `folder`; gives all such cases."""
    import onnx.backend.test.case.node as node
    with warnings.catch_warnings():  # the makers divide by zero where they mean to
        warnings.simplefilter("ignore")
        made = node.collect_testcases(None)
    operators = {c.name: (c.model.graph.node[0].domain, c.model.graph.node[0].op_type)
                 for c in made}
    cases = []
    for c in made:
        if text in c.name:
            write_case(folder / c.name, c)
            cases.append(Case(c.name, folder / c.name, c.rtol, c.atol, family_of(c, operators)))
    for kind in FOLDERS:
        cases += [Case(c.name, pathlib.Path(c.model_dir), c.rtol, c.atol, kind)
                  for c in load_model_tests(kind=kind) if text in c.name]
    return sorted(cases, key=lambda c: c.name)
