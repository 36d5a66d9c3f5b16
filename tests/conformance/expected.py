"""The lists of refusals that are known: refused_<runtime>.txt, a case a line with its reason.
Names are compared; reasons are for the reader, as the program last gave them."""
import pathlib

HERE = pathlib.Path(__file__).parent


def path_of(runtime):
    return HERE / f"refused_{runtime}.txt"


def load(runtime):
    lines = path_of(runtime).read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines)


def save(runtime, verdicts):
    path_of(runtime).write_text("".join(f"{v.name}: {v.why}\n" for v in verdicts
                                        if v.what == "refused"))


def problems(runtime, verdicts):
    """A line for each verdict that the list does not expect."""
    known = load(runtime)
    found = []
    for v in verdicts:
        if v.what == "pass" and v.name in known:
            found.append(f"{v.name}: passes, but the list expects a refusal ({known[v.name]})")
        elif v.what == "refused" and v.name not in known:
            found.append(f"{v.name}: refused: {v.why}")
        elif v.what not in ("pass", "refused"):
            found.append(f"{v.name}: {v.what}: {v.why}")
    gone = known.keys() - {v.name for v in verdicts}
    return found + [f"{name}: in the list, but no case" for name in sorted(gone)]
