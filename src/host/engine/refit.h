// An engine as the plan for new weights: hone build NEW.onnx --refit OLD.engine.
#pragma once

#include "common/wire/engine.h"
#include "host/engine/compile.h"
#include "host/plan/refit.h"

namespace hone::engine {

struct Refit {
  // As the engine was built: target, threads, precision, profiles, passes; timer, cache and the
  // like are the caller's. `earlier` is to point to `tactics`.
  CompileOptions options;
  plan::EarlierTactics tactics;
};

// Errors: an engine that does not say how it was built (version_mismatch; format before 1.2), or a
// kernel of it that this Hone has not or has in another version.
Result<Refit> read_refit(const wire::Engine& engine);

// What decided the plan besides the model, the target, threads, profiles and timings, by the names
// of the command's options; nothing of where files lie.
std::vector<std::pair<std::string, std::string>> option_words(const CompileOptions& options);

}  // namespace hone::engine
