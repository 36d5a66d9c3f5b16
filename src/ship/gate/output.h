// What the gate found, for other programs to read: JUnit XML for a CI server, Markdown for a pull
// request.
#pragma once

#include <string>
#include <vector>

#include "ship/gate/gate.h"

namespace hone::ship {

// One model on one target, judged.
struct Judged {
  std::string model, target;
  GateResult result;
};

// NO SHIP where any is; else INCONCLUSIVE where any is; else SHIP.
Verdict verdict_of(const std::vector<Judged>& all);

// JUnit XML: a testsuite "MODEL for TARGET" each, a testcase each check; what failed has <failure>,
// what could not be decided <skipped>, both with the reason as message. A server shows a run with
// skipped cases as passed: the exit status of hone gate, 3, is what tells.
std::string junit_xml(const std::vector<Judged>& all);

// A table each: check, measured with its interval, limit, verdict; the verdict above it.
std::string markdown(const std::vector<Judged>& all);

// Cells of the same table: "0.41 ms [0.40, 0.43]", "2 ms"; "-" where there is none.
std::string measured_cell(const Check& check);
std::string limit_cell(const Check& check);

}  // namespace hone::ship
