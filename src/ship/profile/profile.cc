#include "ship/profile/profile.h"

#include <fmt/format.h>

#include <cmath>

#include "device/runtime/context.h"

namespace hone::ship {

using nlohmann::json;

namespace {

constexpr int64_t least_runs = 3, most_runs = 2000;

void add_layers(const LayerTimes& times, std::vector<Layer> layers, double bytes, Profile* p) {
  for (Layer& layer : layers) {
    ProfiledLayer l;
    l.us = quartiles(times.step_us(layer.step));
    l.layer = std::move(layer);
    if (l.us.high <= 0) {
      ++p->not_run;
      continue;
    }
    p->layers_us += l.us.median;
    l.roofline = roofline(l.layer.work, l.us.median, p->machine, bytes);
    p->layers.push_back(std::move(l));
  }
  for (ProfiledLayer& l : p->layers) l.share = p->layers_us > 0 ? l.us.median / p->layers_us : 0;
}

void add_warnings(Profile* p) {
  if (p->runs < 11) {
    p->warnings.push_back(fmt::format(
        "only {} runs fit into the time: the times' spread is not known well", p->runs));
  }
  const double sum = p->total_us > 0 ? p->layers_us / p->total_us : 1;
  if (p->coverage < 0.9) {
    p->warnings.push_back(fmt::format(
        "{:.0f} % of a run lies outside its layers: control flow, and inputs and outputs copied",
        100 * (1 - p->coverage)));
  } else if (std::abs(sum - 1) > 0.1) {
    p->warnings.push_back(fmt::format(
        "the layers' medians sum to {:.0f} % of a run: other programs disturb most runs, "
        "but few of each layer's",
        100 * sum));
  }
}

// Of each timed run, how much its own layers take.
double coverage(const LayerTimes& times, const std::vector<ProfiledLayer>& layers) {
  std::vector<double> shares(times.timed_us().begin(), times.timed_us().end());
  for (size_t run = 0; run < shares.size(); ++run) {
    double sum = 0;
    for (const ProfiledLayer& l : layers)
      sum += times.step_us(l.layer.step)[run] + times.clock_us();
    shares[run] = shares[run] > 0 ? sum / shares[run] : 0;
  }
  return quartiles(shares).median;
}

// null where there is no figure
template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json();
}
json or_null(const std::string& text) { return text.empty() ? json() : json(text); }

// x per microsecond as 1e9 per second.
json rate(const std::optional<double>& amount, double us) {
  return amount && *amount > 0 && us > 0 ? json(*amount / us * 1e-3) : json();
}

json layer_json(const ProfiledLayer& l) {
  const Layer& layer = l.layer;
  json refused = json::array();
  for (const Refusal& r : layer.refused) {
    refused.push_back({{"kernel", r.kernel}, {"reason", r.reason}});
  }
  json j = {{"step", layer.step},
            {"nodes", layer.nodes},
            {"layer", layer.layer},
            {"op", layer.op},
            {"kernel", layer.kernel},
            {"dtype", or_null(layer.dtype)},
            {"us", l.us.median},
            {"quartiles_us", {l.us.low, l.us.high}},
            {"share", l.share},
            {"flops", or_null(layer.work.flops)},
            {"bytes", or_null(layer.work.bytes())},
            {"weight_bytes", or_null(layer.work.weight_bytes)},
            {"integers", layer.work.integers},
            {"gflops", rate(layer.work.flops, l.us.median)},
            {"gbps", rate(layer.work.bytes(), l.us.median)},
            {"roofline", to_json(l.roofline)},
            {"built_us", or_null(layer.built_us)},
            {"runner_up", nullptr},
            {"refused", std::move(refused)}};
  if (layer.runner_up) {
    const TacticTime& t = *layer.runner_up;
    j["runner_up"] = {{"kernel", t.kernel}, {"us", t.us}};
    j["runner_up"]["ratio"] = t.ratio > 0 ? json(t.ratio) : json();
  }
  return j;
}

}  // namespace

Result<Profile> profile(Session& s, const ProfileOptions& o) {
  const hone_context& c = *s.context().get();
  Profile p;
  p.engine = o.engine;
  p.engine_hash = o.engine_hash;
  p.model = s.engine().info().model_name;
  p.precision = s.engine().info().precision;
  p.threads = c.threads();
  const double machine_s = o.machine ? 0 : 0.3 * o.seconds;
  if (o.machine) {
    p.machine = *o.machine;
  } else {
    HONE_ASSIGN(p.machine, measure_machine(o.target, p.threads, machine_s));
  }
  const auto shapes = o.shapes.empty() ? s.default_shapes() : o.shapes;
  HONE_ASSIGN(LayerTimes times, LayerTimes::start(s, shapes, 0.1 * o.seconds));
  HONE_RETURN_IF_ERROR(times.run_for(0.9 * o.seconds - machine_s, least_runs, most_runs));
  p.profile = c.profile_number;
  p.runs = times.runs();
  p.total_us = quartiles(times.whole_us()).median;
  p.timed_us = quartiles(times.timed_us()).median;
  p.clock_us = times.clock_us();
  HONE_ASSIGN(std::vector<Layer> layers, describe_layers(s));
  add_layers(times, std::move(layers), model_bytes(s), &p);
  p.coverage = coverage(times, p.layers);
  add_warnings(&p);
  return p;
}

json to_json(const Profile& p) {
  json layers = json::array();
  for (const ProfiledLayer& l : p.layers) layers.push_back(layer_json(l));
  return {{"schema", 1},
          {"engine", or_null(p.engine)},
          {"engine_hash", or_null(p.engine_hash)},
          {"model", p.model},
          {"precision", p.precision},
          {"threads", p.threads},
          {"profile", p.profile},
          {"machine", to_json(p.machine)},
          {"runs", p.runs},
          {"total_us", p.total_us},
          {"layers_us", p.layers_us},
          {"timed_us", p.timed_us},
          {"coverage", p.coverage},
          {"clock_us", p.clock_us},
          {"not_run", p.not_run},
          {"warnings", p.warnings},
          {"layers", std::move(layers)}};
}

Result<json> profile_engine(Session& session, const ProfileOptions& options) {
  HONE_ASSIGN(Profile p, profile(session, options));
  return to_json(p);
}

}  // namespace hone::ship
