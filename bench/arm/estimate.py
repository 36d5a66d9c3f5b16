#!/usr/bin/env python3
"""Speed of the inner products on 64-bit Arm, estimated: llvm-mca over the hot loops as the cross
compiler made them, against the bound that their multiply-adds set.

    cmake --preset device-aarch64 && cmake --build --preset device-aarch64
    python3 bench/arm/estimate.py [--objects DIR]

No Arm machine took part: caches always hit, branches are always predicted, and the models of the
cores are LLVM 14's, whose Cortex-A76 is a Cortex-A57's with newer instructions. What remains is
whether a loop can keep the multiply-add pipes busy: its bound in the model is a loop of nothing but
the multiply-adds, all independent.
"""
import argparse
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OBJECTS = f"{ROOT}/build/device-aarch64/CMakeFiles/hone_kernels.dir/src/device/kernels"
# name, object, function, multiply-add, cores that have it
CORES = ("cortex-a55", "cortex-a76")
I8MM = ("neoverse-n2",)
LOOPS = [
    ("f32 6x16", "simd/tile_neon.cc.o", "neon::tile_f32<6, 4>", "fmla", CORES),
    ("int8 8x8, words", "qconv/neon.cc.o", "neon::qtile<8, 2>", "smlal", CORES),
    ("int8 8x8, dot", "qconv/neon_dot.cc.o", "neon_dot::qtile<8, 2>", "sdot", CORES),
    ("int8 8x8, i8mm's dot", "qconv/neon_i8mm.cc.o", "neon_i8mm::qtile<8, 2>", "sudot", I8MM),
    ("int8 8x8x8, i8mm", "qconv/neon_i8mm.cc.o", "neon_i8mm::qtile_pairs<8, 2>", "usmmla", I8MM),
]
# 128-bit multiply-adds a cycle, as we assume them; not read in the guides of the cores.
PIPES = {"cortex-a55": 1, "cortex-a76": 2, "neoverse-n2": 2}
# One multiply-add by an element of a register, as the loops have it.
FORMS = {"fmla": "fmla v{}.4s, v0.4s, v1.s[0]", "smlal": "smlal v{}.4s, v0.4h, v1.h[0]",
         "sdot": "sdot v{}.4s, v0.16b, v1.4b[0]", "sudot": "sudot v{}.4s, v0.16b, v1.4b[0]",
         "usmmla": "usmmla v{}.4s, v0.16b, v1.16b"}
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+(\S+)\s*(.*?)(?:\s*//.*)?$")


def function_of(path, name):
    """[(address, mnemonic, operands)]"""
    text = subprocess.run(["aarch64-linux-gnu-objdump", "-d", "-C", "--no-show-raw-insn", path],
                          check=True, capture_output=True, text=True).stdout
    bodies = [b for b in text.split("\n\n") if re.match(rf"[0-9a-f]+ <.*{re.escape(name)}\(", b.strip())]
    if not bodies:
        sys.exit(f"{path}: no function {name}")
    found = map(INSTRUCTION.match, max(bodies, key=len).splitlines())
    return [(int(m[1], 16), m[2], m[3]) for m in found if m]


def aim_of(mnemonic, operands):
    """Where a conditional branch goes, None of other instructions."""
    aim = re.search(r"(?:^|, )([0-9a-f]+) <", operands)
    return int(aim[1], 16) if aim and re.match(r"b\.|cbn?z|tbn?z", mnemonic) else None


def hot_loop(body, what):
    """The innermost loop with the most of instruction `what`: between a backward branch and its aim."""
    best, best_count = [], 0
    for i, (address, mnemonic, operands) in enumerate(body):
        begin = aim_of(mnemonic, operands)
        if begin is None or begin >= address:
            continue
        loop = [b for b in body[:i + 1] if b[0] >= begin]
        count = sum(m.startswith(what) for _, m, _ in loop)
        aims = ((a, aim_of(m, o)) for a, m, o in loop[:-1])
        if count > best_count and not any(t is not None and begin <= t < a for a, t in aims):
            best, best_count = loop, count
    return best, best_count


def cycles(lines, cpu, rounds=200):
    """Of one round, by llvm-mca."""
    r = subprocess.run(["llvm-mca-14", "-mtriple=aarch64", f"-mcpu={cpu}", f"-iterations={rounds}"],
                       input="\n".join(lines), capture_output=True, text=True)
    found = re.search(r"^Total Cycles:\s+(\d+)", r.stdout, re.M)
    if not found:
        sys.exit(r.stderr)
    return int(found[1]) / rounds


def text_of(loop):
    """Branches go to the next instruction: they are all taken alike."""
    return [f"{m} {re.sub(r'[0-9a-f]+ <.*', '.', o)}" for _, m, o in loop]


def bound_of(what, count, cpu):
    return cycles([FORMS[what].format(16 + n) for n in range(16)], cpu) / 16 * count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", default=OBJECTS)
    folder = parser.parse_args().objects
    print("| loop | core | instructions | cycles a round | the model's bound | the assumed bound | "
          "share of the later bound |")
    print("|---|---|---|---|---|---|---|")
    for name, path, function, what, cores in LOOPS:
        loop, count = hot_loop(function_of(f"{folder}/{path}", function), what)
        for core in cores:
            took, model, guide = cycles(text_of(loop), core), bound_of(what, count, core), count / PIPES[core]
            share = min(1, max(model, guide) / took)
            print(f"| {name} | {core} | {len(loop)}, {count} of them {what} | {took:.1f} | {model:.1f} | "
                  f"{guide:.1f} | {share:.0%} |")


if __name__ == "__main__":
    main()
