#include "host/quant/layer_notes.h"

#include <fmt/format.h>

#include "host/quant/snr.h"

namespace hone::quant {

namespace {

constexpr double bad_db = 20;

// What there was against a layer's noise: rungs by name, and the layer alone as floats.
std::string tried_for(const Climbed& c, const std::string& layer) {
  std::string all;
  for (const Rung& r : c.rungs) {
    const std::string_view rung = std::string_view(r.name).substr(0, r.name.find(':'));
    const bool whole = rung == "fast bias correction" || rung == "equalisation" ||
                       rung == "full bias correction" || rung == "calibrator per tensor";
    if (whole && !r.figure.empty()) all += (all.empty() ? "" : ", ") + std::string(rung);
  }
  const auto alone = c.alone.find(layer);
  if (alone == c.alone.end()) return all;
  return fmt::format("{}{}float by itself ({})", all, all.empty() ? "" : ", ", alone->second);
}

}  // namespace

Result<std::vector<LayerNote>> layer_notes(const Climbed& c, int threads) {
  std::vector<LayerNote> notes;
  if (place(c.graph, c.scheme).values.empty()) return notes;
  const std::vector<DenseLayer> layers = dense_layers(c.graph);
  std::vector<std::string> outputs;
  for (const DenseLayer& l : layers) outputs.push_back(c.graph.value(l.output).name);
  // Against what was rounded, not against what the model was: outputs of equalised layers differ
  // by design.
  HONE_ASSIGN(const auto noise, measure_noise(c.graph, c.made.graph, outputs,
                                              first_of(c.judged_on, noise_samples), threads));
  const GridSpec spec = grid(c.scheme, c.scheme.activations);
  for (size_t i = 0; i < layers.size(); ++i) {
    const auto n = noise.find(outputs[i]);
    if (n == noise.end()) continue;
    LayerNote note{c.graph.node(layers[i].node).name, "", "", n->second.snr_db()};
    if (note.snr_db < bad_db) {
      note.cause = cause_of(c.graph, layers[i], c.seen, c.ranges, spec);
      note.tried = tried_for(c, note.node);
    }
    notes.push_back(std::move(note));
  }
  return notes;
}

}  // namespace hone::quant
