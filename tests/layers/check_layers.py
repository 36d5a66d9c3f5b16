"""The layout's rules that a text search can see; prints every violation, exit 1 if there is one.

- an #include against the arrows of LAYERS; a public header that includes a private one
- a file of more than 800 lines (flat tables, *.inc, exempt), a main.cc of more than 60
- in src/ and include/: a line of more than 100 columns
- anything under src/ but src/cli and tests (*_test.cc, testing/) that prints
"""
import argparse
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
MAX_LINES, MAX_MAIN_LINES, MAX_COLUMNS = 800, 60, 100
CODE = (".cc", ".h", ".hpp", ".c", ".inc", ".fbs")
COUNTED = (".cc", ".h", ".hpp", ".c", ".py", ".sh", ".cmake", ".fbs")
FOLDERS = ("src", "include", "tests", "fuzz", "bench", "examples", "python", "tools", "cmake")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"][^>"]+[>"])')
PRINTS = re.compile(r"\bstd::(cout|cerr|clog)\b|\b(stdout|stderr)\b|\bfmt::print\w*\(|"
                    r"(?<![\w.>])(v?printf|puts|putchar|perror)\s*\(")
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)


class Layers:
    """LAYERS as two tables: folder -> folders it may include; folder -> includes it may not."""

    def __init__(self, path):
        self.sees, self.deny = {}, []
        group, group_sees, above = None, [], []
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                line = line.rstrip()
                if not line or line.startswith("#"):
                    continue
                head, _, tail = line.partition(":")
                if head.startswith("group "):
                    group, group_sees, above = head.split()[1], tail.split(), []
                elif head.startswith("deny "):
                    self.deny.append((head.split()[1], tuple(tail.split())))
                else:
                    folder = f"{group}/{head.strip()}"
                    above.append(folder)
                    self.sees[folder] = above[:] + group_sees + tail.split()

    def may_include(self, source, target):
        """target: a folder group/name, or `public`; granted by its own name or its group's."""
        return any(target == seen or target.startswith(seen + "/") for seen in self.sees[source])


def folder_of(path):
    """group/folder of a path below src/; group/. of a file in the group's own folder."""
    parts = path.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0] + "/."


def is_test(path):
    return path.endswith("_test.cc") or "/testing/" in path


def walk(root):
    """Paths, relative to root, of the files that the rules are about."""
    for top in FOLDERS:
        for folder, subfolders, files in os.walk(os.path.join(root, top)):
            subfolders[:] = sorted(s for s in subfolders if s not in ("__pycache__", "hone-out"))
            for name in sorted(files):
                yield os.path.relpath(os.path.join(folder, name), root)


def resolve(root, path, name):
    """What a quoted include means: group/folder, `public`, or None for a file of nobody's."""
    for base in ("src", "include", os.path.dirname(path)):
        found = os.path.normpath(os.path.join(base, name))
        if os.path.exists(os.path.join(root, found)):
            if found.startswith("include/"):
                return "public"
            return folder_of(found[4:]) if found.startswith("src/") else None
    schema = "src/common/wire/" + name.removesuffix("_generated.h") + ".fbs"
    if name.endswith("_generated.h") and os.path.exists(os.path.join(root, schema)):
        return "common/wire"
    return None


def check_includes(root, path, lines, layers):
    source = folder_of(path[4:])
    if source not in layers.sees:
        return [f"{path}: the folder src/{source} does not stand in tests/layers/LAYERS"]
    problems = []
    for number, line in enumerate(lines, 1):
        include = INCLUDE.match(line)
        if not include:
            continue
        name = include[1]
        denied = [d for below, names in layers.deny if (source + "/").startswith(below + "/")
                  for d in names if name.startswith(d)]
        if denied and not is_test(path):
            problems.append(f"{path}:{number}: {name} is not for src/{source}")
        target = resolve(root, path, name[1:-1])
        if name[0] == '"' and target is None:
            problems.append(f"{path}:{number}: {name} is not below src/ or include/")
        elif target and not layers.may_include(source, target):
            problems.append(f"{path}:{number}: src/{source} may not include {target} ({name})")
    return problems


def check_public(path, lines):
    if not path.startswith("include/hone/"):
        return [f"{path}: only include/hone/ is public"]
    return [f"{path}:{n}: a public header includes only public ones, as \"hone/...\""
            for n, line in enumerate(lines, 1)
            if (found := INCLUDE.match(line)) and found[1][0] == '"'
            and not found[1].startswith('"hone/')]


def check_prints(path, text):
    # Comments and strings become blanks of as many lines, so that numbers stay right.
    code = COMMENT_OR_STRING.sub(lambda m: "\n" * m[0].count("\n"), text)
    return [f"{path}:{n}: only src/cli prints ({found[0].strip()})"
            for n, line in enumerate(code.split("\n"), 1) if (found := PRINTS.search(line))]


def check(root, layers):
    problems = []
    for path in walk(root):
        if not path.endswith(CODE + COUNTED):
            continue
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            text = file.read()
        lines = text.splitlines()
        limit = MAX_MAIN_LINES if path == "src/cli/main.cc" else MAX_LINES
        if path.endswith(COUNTED) and len(lines) > limit:
            problems.append(f"{path}: {len(lines)} lines, at most {limit}")
        if path.startswith(("src/", "include/")):
            problems += [f"{path}:{n}: {len(line)} columns, at most {MAX_COLUMNS}"
                         for n, line in enumerate(lines, 1) if len(line) > MAX_COLUMNS]
        if path.startswith("src/") and not path.endswith(".fbs"):
            problems += check_includes(root, path, lines, layers)
            if not path.startswith("src/cli/") and not is_test(path):
                problems += check_prints(path, text)
        elif path.startswith("include/"):
            problems += check_public(path, lines)
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(HERE)))
    problems = check(parser.parse_args().root, Layers(os.path.join(HERE, "LAYERS")))
    print("\n".join(problems) if problems else "layers: ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
