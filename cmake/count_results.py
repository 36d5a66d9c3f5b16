"""Counts the test cases of CTest's JUnit files: the last line of `./dev test`.

A CTest entry is a GoogleTest suite or a pytest file; what counts is the cases they report of
themselves. An entry that says nothing (a fuzz corpus, a crash) is one case. Exit 1 on a failure, or
when no test ran.
"""
import re
import sys
import xml.etree.ElementTree as xml

GTEST = {"passed": r"\[  PASSED  \] (\d+) test", "skipped": r"\[  SKIPPED \] (\d+) test",
         "failed": r"\[  FAILED  \] (\d+) test"}
PYTEST_LINE = re.compile(r"^(?:=+ )?((?:\d+ \w+(?:, )?)+) in [\d.]+s", re.M)
PYTEST = {"passed": r"(\d+) (?:passed|xfailed|xpassed)", "skipped": r"(\d+) skipped",
          "failed": r"(\d+) (?:failed|errors?)"}


def cases_of(output):
    """{passed, skipped, failed} as the runner printed them; None where it printed none."""
    patterns, text = GTEST, output
    lines = PYTEST_LINE.findall(output)
    if lines:
        patterns, text = PYTEST, lines[-1]
    found = {key: re.findall(pattern, text) for key, pattern in patterns.items()}
    if not any(found.values()):
        return None
    return {key: int(numbers[-1]) if numbers else 0 for key, numbers in found.items()}


def count(path):
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for case in xml.parse(path).getroot().iter("testcase"):
        counts = cases_of(case.findtext("system-out") or "")
        if case.get("status") == "run":
            counts = counts or {"passed": 1}
        else:
            counts = counts or {}
            counts["failed"] = max(counts.get("failed", 0), 1)
        for key, number in counts.items():
            total[key] += number
    return total


def main():
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for path in sys.argv[1:]:
        try:
            counts = count(path)
        except (OSError, xml.ParseError) as error:
            print(f"no test results: {error}")
            counts = {"failed": 1}
        for key, number in counts.items():
            total[key] += number
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**total))
    return 0 if total["failed"] == 0 and total["passed"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
