// A float graph -> a graph that computes on integers, and a report of what was done.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "host/import/import.h"
#include "host/quant/calibrators.h"
#include "host/quant/judge.h"
#include "host/quant/samples.h"
#include "host/quant/scheme.h"
#include "host/quant/scorer.h"

namespace hone::quant {

enum class Format : uint8_t { qdq, qoperator, fp16, bf16, int8_weights, int4_weights, dynamic };
enum class Preset : uint8_t { fast, automatic, max };  // how far the rescue ladder may climb

constexpr Format all_formats[] = {Format::qdq,    Format::qoperator,    Format::fp16,
                                  Format::bf16,   Format::int8_weights, Format::int4_weights,
                                  Format::dynamic};
const char* name(Format f);  // "int8-weights"
const char* name(Preset p);  // "auto"
Result<Format> parse_format(std::string_view text);
Result<Preset> parse_preset(std::string_view text);
bool needs_samples(Format f);  // activations are rounded with ranges that data tell

// What a search over precisions is given: the graph that rounds best, and how good a mixture is.
struct Rounded {
  const graph::Graph& original;
  const graph::Graph& graph;  // float: equalised, biases corrected
  Scheme scheme;              // of the ladder's best rung
  std::function<Result<graph::Graph>(const Scheme&)> insert;
  std::function<Result<Quality>(const graph::Graph&)> judge;  // on held-out samples
};
// The scheme to write, and what goes into the report as "tune"; of its "layers" the reason ("why")
// of each of its "nodes" is that layer's cause. A scheme that rounds nothing gives the model as it
// was.
using Mix = std::function<Result<Scheme>(const Rounded&, nlohmann::json* tune)>;

struct Options {
  Scheme scheme;
  Format format = Format::qdq;
  Calibrator calibrator = Calibrator::mse;
  bool calibrator_given = false;  // false: the ladder may choose another
  Preset preset = Preset::automatic;
  double max_drop = 0.5;  // points; what the ladder stops at
  MakeScorer labels;      // of the samples; empty: they have none
  int threads = 0;        // 0: all of this machine
  Mix mix;                // decides after the ladder, which precision each layer has; may be empty
  std::function<void(const std::string& what, double done, double all)> progress;
};

struct Quantised {
  graph::Graph graph;
  // schema, format, calibration {samples, held_out, hash, calibrator, labels}, ladder [{rung,
  // result, figure, kept?}], layers [{node, op, precision, macs?, snr_db?, cause?, tried?}],
  // macs {all, int8, int8_percent} where samples are needed,  // findings [text], slips [{input,
  // cause, text}] (slips.h).
  std::shared_ptr<nlohmann::json> report;
};

// The graph as `hone quantize` needs it: raised to the opset the format needs, weights kept as
// integers made float, standard passes run. Errors: unsupported for a model that is quantised
// already, naming the node.
Status prepare(graph::Graph& graph, const Options& options);

// `graph`: prepared. Samples may be empty where the format needs none. Errors: of the samples;
// unsupported where nothing of the graph can be quantised, with the reasons.
Result<Quantised> quantize(const graph::Graph& graph, const Samples& samples,
                           const Options& options);

// The file of a quantised graph, no larger than it must be.
Result<model::Model> export_quantised(const graph::Graph& graph);

}  // namespace hone::quant
