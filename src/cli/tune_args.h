// hone quantize --tune: its options, and its part of the report as text.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/printer.h"
#include "host/quant/quantize.h"

namespace hone::cli {

struct TuneArgs {
  bool tune = false;
  std::string max_latency;  // "5ms"; "": none
  bool wanted() const { return tune || !max_latency.empty(); }
};

void add_tune_options(CLI::App* c, TuneArgs* args);

// Sets q->mix where it is wanted. `threads` of the engine; 0: one. Errors: formats without ranges.
Status set_tune(const TuneArgs& args, int threads, quant::Options* q);

// The report's "tune": a table of the layers that take longest, then the totals.
void print_tune(const nlohmann::json& tune, Printer& p);

}  // namespace hone::cli
