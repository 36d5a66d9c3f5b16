// Where an engine's time goes: per layer its time, work, share of what the machine could do, and
// the tactic that came second.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "ship/profile/layer_times.h"
#include "ship/profile/layers.h"
#include "ship/profile/machine.h"
#include "ship/profile/roofline.h"

namespace hone::ship {

struct ProfileOptions {
  std::string engine, engine_hash;  // for the record: name or path, hash of the file; "": unknown
  std::vector<Dims> shapes;         // empty: the session's default shapes
  Target target;                    // this machine
  // For everything: measuring the machine, warming up, runs with and without timers. Runs of a
  // large model may take longer: at least three of each are made.
  double seconds = 1.6;
  std::optional<MachinePeaks> machine;  // measured before; else it is now
};

struct ProfiledLayer {
  Layer layer;
  Quartiles us;
  double share = 0;  // of the sum of all layers, 0 to 1
  std::optional<Roofline> roofline;
};

struct Profile {
  std::string engine, engine_hash, model, precision;
  MachinePeaks machine;
  int threads = 1;
  int32_t profile = 0;   // of the engine, that the shapes belong to
  int64_t runs = 0;      // with timers, and as many without
  double total_us = 0;   // median of whole runs without timers
  double layers_us = 0;  // sum of the layers' medians
  double timed_us = 0;   // median of whole runs with timers
  double coverage = 0;   // median share of a timed run that its own layers take, 0 to 1
  double clock_us = 0;   // of one reading of the clock; taken off every layer
  int64_t not_run = 0;   // layers in branches that these inputs did not take; not among `layers`
  std::vector<ProfiledLayer> layers;  // in order of the steps
  std::vector<std::string> warnings;
};

// Inputs are seeded noise. Leaves the session bound to the shapes.
Result<Profile> profile(Session& session, const ProfileOptions& options);

// As `hone profile --json` prints it; unknown figures are null.
nlohmann::json to_json(const Profile& p);

// The two in one, for `hone ship`.
Result<nlohmann::json> profile_engine(Session& session, const ProfileOptions& options);

}  // namespace hone::ship
