"""The repository keeps its layers, and the check sees a violation of each kind."""
import os

import check_layers
import pytest

ROOT = os.path.dirname(os.path.dirname(check_layers.HERE))
LAYERS = check_layers.Layers(os.path.join(check_layers.HERE, "LAYERS"))


def test_repository():
    problems = check_layers.check(ROOT, LAYERS)
    assert not problems, "\n".join(problems)


def tree(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return check_layers.check(str(root), LAYERS)


GOOD = {
    "include/hone/hone.h": "#include <stdint.h>\n",
    "include/hone/hone.hpp": '#include "hone/hone.h"\n',
    "src/common/base/status.h": "// prints nothing: std::cout\n",
    "src/common/wire/engine.fbs": "",
    "src/common/wire/engine.h": '#include "engine_generated.h"\n',
    "src/device/kernels/gemm/gemm.h": '#include "common/base/status.h"\n',
    "src/device/platform/cpu.h": "",
    "src/device/kernels/gemm/avx2.cc": '#include "kernels.inc"\n',
    "src/device/kernels/gemm/kernels.inc": "\n" * 900,
    "src/device/kernels/testing/run.h": '#include <iostream>\nvoid f() { std::cerr << 1; }\n',
    "src/device/runtime/run.h": '#include "hone/hone.h"\n#include "device/kernels/gemm/gemm.h"\n',
    "src/host/graph/graph.h": '#include "device/kernels/gemm/gemm.h"\n',
    "src/host/plan/plan.cc": '#include "host/graph/graph.h"\nint x = snprintf(b, 1, "stdout");\n',
    "src/ship/gate/gate.h": '#include "device/runtime/run.h"\n#include "hone/hone.hpp"\n',
    "src/cli/main.cc": '#include "cli/commands/run.h"\nint main() { puts("x"); }\n',
    "src/cli/commands/run.h": '#include "cli/printer.h"\n#include "ship/gate/gate.h"\n',
    "src/cli/printer.h": "",
}

BAD = {
    "upwards in a group": ("src/host/graph/bad.cc", '#include "host/plan/plan.h"\n'),
    "host in device": ("src/device/kernels/bad.cc", '#include "host/graph/graph.h"\n'),
    "runtime in host": ("src/host/exec/bad.cc", '#include "device/runtime/run.h"\n'),
    "device in common": ("src/common/base/bad.h", '#include "device/kernels/gemm/gemm.h"\n'),
    "public in host": ("src/host/graph/bad.h", '#include <hone/hone.h>\n'),
    "ship in host": ("src/host/tasks/bad.h", '  #  include "ship/gate/gate.h"\n'),
    "private in public": ("include/hone/bad.h", '#include "common/base/status.h"\n'),
    "a public header elsewhere": ("include/other.h", ""),
    "a folder of no layer": ("src/host/misc/bad.h", ""),
    "an include of nothing": ("src/host/graph/bad.h", '#include "graph.hh"\n'),
    "streams on the device": ("src/device/runtime/bad.cc", "#include <iostream>\n"),
    "third-party code in common": ("src/common/base/bad.cc", "#include <fmt/format.h>\n"),
    "plan asks the CPU": ("src/host/plan/lower/bad.cc", '#include "device/platform/cpu.h"\n'),
    "plan reads the clock": ("src/host/plan/bad.cc", "#include <chrono>\n"),
    "a hub": ("src/host/graph/bad.cc", "\n" * 801),
    "a long main": ("src/cli/main.cc", "\n" * 61),
    "a wide line": ("src/host/graph/bad.inc", "x" * 101),
    "a stream printed to": ("src/host/graph/bad.cc", "void f() { std::cerr << 1; }\n"),
    "printf": ("src/ship/gate/bad.cc", 'void f() { printf("x"); }\n'),
    "stderr": ("src/common/base/bad.cc", "/* ok */ void f() { fputs(x, stderr); }\n"),
}


def test_good_tree(tmp_path):
    extra = {"src/host/plan/plan.h": ""}
    assert tree(tmp_path, GOOD | extra) == []


@pytest.mark.parametrize("kind", BAD)
def test_planted_violation(tmp_path, kind):
    path, text = BAD[kind]
    extra = {"src/host/plan/plan.h": "", path: text}
    problems = tree(tmp_path, GOOD | extra)
    assert len(problems) == 1 and problems[0].startswith(path), problems
