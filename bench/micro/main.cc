// hone_bench: every kernel of the tables that this CPU runs, on steps of real models. Expanded from
// families.inc and the kernels' tables; refuses to start where a kernel has no benchmark.
#include <cstdio>
#include <set>

#include "kernel_bench.h"

int main(int argc, char** argv) {
  using namespace hone::kernels;
  if (auto isa = hone::platform::usable_isa(); !isa.ok()) {
    std::fprintf(stderr, "hone_bench: %s\n", isa.status().text().c_str());
    return 4;
  }
#define HONE_FAMILY(name, summary) testing::register_##name();
#include "device/kernels/families.inc"
#undef HONE_FAMILY
  bool complete = true;
  for (const Kernel* k : all_kernels()) {
    if (!testing::runs_here(*k) || testing::benchmarked().contains(k)) continue;
    std::fprintf(stderr, "hone_bench: no step of bench/micro is taken by kernel %s\n", k->name);
    complete = false;
  }
  if (!complete) return 1;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
