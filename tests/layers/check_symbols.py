"""The layout's rules that only a built release can show. usage: check_symbols.py BUILD_DIR

- an ISA object has no weak symbol outside its own ISA's namespace and Highway's: the linker keeps
  one copy of a weak symbol, and an older CPU would run the one compiled for a newer
- libhone_rt.a needs no allocator (but for the object of the default one, which is linked only
  where it is named), no exceptions, nothing of the host
- libhone_rt.so exports the C interface alone and stays within its size
"""
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Of all instruction sets: a third is integers, a sixth 16-bit floats. 4.0 MB until engines held every
# operator and type of the ONNX suite that they can: 68 KB of portable kernels.
MAX_TEXT_BYTES = 4_050_000
FORBIDDEN = re.compile(
    r"^(_Zn[wa]|_Zd[la]|(malloc|calloc|realloc|free|strdup|memalign|aligned_alloc|posix_memalign)$|"
    r"__cxa_(throw|rethrow|allocate_exception|begin_catch|end_catch)|__gxx_personality|_Unwind_)")
DEFAULT_ALLOCATOR_NEEDS = {"aligned_alloc", "posix_memalign", "free"}


def nm(path, *options):
    """[(type, name)] of an object's or archive's symbols."""
    text = subprocess.run(["nm", *options, path], check=True, capture_output=True, text=True).stdout
    found = (re.match(r"(?:[0-9a-f]+| +) ([A-Za-z]) (.*)", line) for line in text.splitlines())
    return [(m[1], m[2]) for m in found if m]


def members(path):
    """[symbols as nm() gives them] of each object of an archive."""
    text = subprocess.run(["nm", path], check=True, capture_output=True, text=True).stdout
    found = [re.findall(r"^(?:[0-9a-f]+| +) ([A-Za-z]) (.*)$", part, re.M)
             for part in re.split(r"^\S+:$", text, flags=re.M)]
    return [symbols for symbols in found if symbols]


def isa_names():
    with open(os.path.join(ROOT, "cmake", "isa.cmake"), encoding="utf-8") as file:
        return re.findall(r"^hone_isa\((\w+)", file.read(), re.M)


def isa_objects(build):
    """[(isa, path)] of the objects compiled for one ISA."""
    paths = glob.glob(os.path.join(build, "CMakeFiles", "*.dir", "src", "**", "*.cc.o"),
                      recursive=True)
    return sorted((isa, path) for path in paths for isa in isa_names()
                  if re.search(rf"[/_]{isa}\.cc\.o$", path))


def check_isa_object(isa, path):
    own = re.compile(rf"\b{isa}::|\bhwy::")
    return [f"{os.path.basename(os.path.dirname(path))}/{os.path.basename(path)}: weak symbol "
            f"outside namespace {isa}: {name}"
            for kind, name in nm(path, "-C", "--defined-only")
            if kind in "VWu" and not own.search(name)]


def check_archive(path):
    defined, needed = set(), set()
    for symbols in members(path):
        own = {name for kind, name in symbols if kind not in "Uvw"}
        defined |= own
        needs = {name for kind, name in symbols if kind in "Uvw"}
        needed |= needs - DEFAULT_ALLOCATOR_NEEDS if "hone_default_allocator" in own else needs
    needed -= defined
    problems = [f"libhone_rt.a needs {name}" for name in sorted(needed) if FORBIDDEN.match(name)]
    return problems + [f"libhone_rt.a needs {name}: not a part of the device library"
                       for name in sorted(needed) if name.startswith("_ZN") and "4hone" in name]


def text_bytes(path):
    out = subprocess.run(["size", path], check=True, capture_output=True, text=True).stdout
    return int(out.splitlines()[1].split()[0])


def check_shared(path):
    foreign = [name for _, name in nm(path, "-D", "--defined-only")
               if not name.startswith("hone_")]
    problems = [f"libhone_rt.so exports {name}" for name in sorted(foreign)]
    size = text_bytes(path)
    print(f"libhone_rt.so: {size} bytes of text, at most {MAX_TEXT_BYTES}")
    if size > MAX_TEXT_BYTES:
        problems.append(f"libhone_rt.so: {size} bytes of text, at most {MAX_TEXT_BYTES}")
    return problems


def main():
    build = sys.argv[1]
    problems = [p for isa, path in isa_objects(build) for p in check_isa_object(isa, path)]
    problems += check_archive(os.path.join(build, "libhone_rt.a"))
    problems += check_shared(os.path.join(build, "libhone_rt.so"))
    print("\n".join(problems) if problems else "symbols: ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
