#include "ship/profile/layers.h"

#include <array>
#include <map>

#include "common/wire/vectors.h"
#include "device/runtime/context.h"
#include "engine_generated.h"

namespace hone::ship {

using wire::size_of;

namespace {

using Notes = flatbuffers::Vector<flatbuffers::Offset<wire::StepNote>>;

std::string text(const flatbuffers::String* s) { return s == nullptr ? "" : s->str(); }

// What the build measured for the profile that is bound.
std::map<int32_t, const wire::StepNote*> notes_of(const hone_context& c) {
  const Notes* notes = c.meta().notes();
  if (c.profile_number > 0 && size_of(c.meta().profiles()) > 0) {
    notes = c.meta().profiles()->Get(static_cast<uint32_t>(c.profile_number))->notes();
  }
  std::map<int32_t, const wire::StepNote*> by_step;
  for (uint32_t i = 0; i < size_of(notes); ++i) by_step[notes->Get(i)->step()] = notes->Get(i);
  return by_step;
}

void add_tactics(const wire::StepNote& note, Layer* layer) {
  double chosen = note.ns();
  for (uint32_t i = 0; i < size_of(note.tactics()); ++i) {
    const wire::Tactic& t = *note.tactics()->Get(i);
    if (text(t.kernel()) == layer->kernel && t.ns() > 0) chosen = t.ns();
  }
  if (chosen > 0) layer->built_us = chosen * 1e-3;
  for (uint32_t i = 0; i < size_of(note.tactics()); ++i) {
    const wire::Tactic& t = *note.tactics()->Get(i);
    const std::string kernel = text(t.kernel()), reason = text(t.reason());
    if (kernel == layer->kernel) continue;
    if (!reason.empty()) {
      layer->refused.push_back({kernel, reason});
    } else if (t.ns() > 0 && (!layer->runner_up || t.ns() * 1e-3 < layer->runner_up->us)) {
      layer->runner_up = TacticTime{kernel, t.ns() * 1e-3, chosen > 0 ? t.ns() / chosen : 0};
    }
  }
}

Status add_work(const hone_context& c, uint32_t step, Layer* layer) {
  runtime::StepOperands operands;
  const device::Status loaded = c.load_operands(step, &operands);
  if (!loaded.ok()) return Status(loaded.code(), loaded.text().c_str());
  const auto& values = c.steps[step].operands;
  std::array<bool, wire::max_step_operands> is_weight{};
  std::array<int32_t, wire::max_step_operands> seen{};
  for (uint32_t i = 0; i < operands.in_count; ++i) {
    seen[i] = values[i];
    if (values[i] < 0) continue;
    is_weight[i] =
        c.meta().values()->Get(static_cast<uint32_t>(values[i]))->place() == wire::Place::weights;
    // An operand given twice is read once.
    for (uint32_t k = 0; k < i; ++k) {
      if (seen[k] == values[i]) operands.in[i] = {};
    }
  }
  const kernels::Step view = operands.view();
  layer->work = count_work(layer->family, view, {is_weight.data(), operands.in_count});
  const bool reads = operands.in_count > 0 && view.in[0].present();
  if (reads) {
    layer->dtype = name(view.in[0].dtype);
  } else if (operands.out_count > 0) {
    layer->dtype = name(view.out[0].dtype);
  }
  return {};
}

}  // namespace

std::vector<std::string> nodes_of(const std::string& layer) {
  static const std::string plus = " + ";
  std::vector<std::string> nodes;
  size_t begin = 0;
  for (size_t at = layer.find(plus); at != std::string::npos; at = layer.find(plus, begin)) {
    nodes.push_back(layer.substr(begin, at - begin));
    begin = at + plus.size();
  }
  nodes.push_back(layer.substr(begin));
  return nodes;
}

Result<std::vector<Layer>> describe_layers(Session& session) {
  const hone_context& c = *session.context().get();
  const auto notes = notes_of(c);
  std::vector<Layer> layers;
  for (uint32_t i = 0; i < c.engine->step_count; ++i) {
    const wire::Step& s = *c.meta().steps()->Get(i);
    if (s.kind() != wire::StepKind::kernel && s.kind() != wire::StepKind::custom) continue;
    Layer layer;
    layer.step = static_cast<int32_t>(i);
    layer.layer = text(s.layer());
    layer.nodes = nodes_of(layer.layer);
    layer.op = text(s.op());
    layer.kernel = c.steps[i].tactic->name;
    layer.family = c.steps[i].tactic->family;
    // In a branch that these shapes never take, operands need not fit: nothing is known then.
    Status counted = add_work(c, i, &layer);
    if (!counted.ok() && !c.engine->steps[i].nested) return counted;
    auto note = notes.find(layer.step);
    if (note != notes.end()) add_tactics(*note->second, &layer);
    layers.push_back(std::move(layer));
  }
  return layers;
}

double model_bytes(Session& session) {
  auto info = sized<hone_memory_info>();
  if (hone_context_memory(session.context().get(), &info) != HONE_OK) return 0;
  return static_cast<double>(info.weights_bytes + info.values_bytes + info.io_bytes);
}

}  // namespace hone::ship
