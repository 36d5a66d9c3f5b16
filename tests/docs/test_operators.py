"""docs/operators.md is what `hone kernels --operators` says. HONE_UPDATE_SNAPSHOTS=1 writes it anew."""
import json
import os
import subprocess

SOURCE = os.environ.get("HONE_SOURCE_DIR", os.getcwd())
PAGE = f"{SOURCE}/docs/operators.md"

HEAD = """# Operators

Written by `HONE_UPDATE_SNAPSHOTS=1 ./dev test -R tests/docs/test_operators` from the tables; `hone kernels --operators` prints them.

`since` lists the opset versions whose signature or meaning differs; every version from 1 to 28 is read (1 to 6 as what they are in
7). An operator marked with * has a lowering: engines run it, on the types its kernels take. The others run in the reference executor,
and in engines where what they compute depends on constants or shapes alone, or where a pass replaces them. `hone doctor --model M`
says what of a model would not run and why.
"""


def page():
    r = subprocess.run([os.environ["HONE"], "kernels", "--operators", "--json", "-"],
                       capture_output=True, text=True, check=True)
    by_domain = {}
    for op in json.loads(r.stdout):
        by_domain.setdefault(op["domain"], []).append(op)
    text = HEAD
    for domain in sorted(by_domain, key=lambda d: (d != "ai.onnx", d)):
        ops = by_domain[domain]
        engines = sum(op["in_engines"] for op in ops)
        text += f"\n## {domain}: {len(ops)} operators, {engines} in engines\n\n| operator | since |\n|---|---|\n"
        for op in ops:
            star = " *" if op["in_engines"] else ""
            text += f"| {op['name']}{star} | {' '.join(map(str, op['since']))} |\n"
    return text


def test_the_page_is_what_the_tables_say():
    want = page()
    if os.environ.get("HONE_UPDATE_SNAPSHOTS"):
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(want)
    with open(PAGE, encoding="utf-8") as f:
        assert f.read() == want, "docs/operators.md is old: run this test with HONE_UPDATE_SNAPSHOTS=1"
