// What `hone bench` prints for people: always the same lines, whatever was measured.
#pragma once

#include "cli/bench_subject.h"
#include "ship/measure/bench.h"

namespace hone::cli {

struct BenchText {
  bool steps = false, sustained = false;
};
void print_bench(const ship::BenchResult& r, const BenchSubject& subject, const BenchText& what,
                 Printer& p);

// "p50 0.312  p99 0.410  max 1.203 ms": of a run that goes on.
std::string live_line(const ship::LiveFigures& f);

}  // namespace hone::cli
