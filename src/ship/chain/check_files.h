// The files that hone.toml names, looked for before anything is run.
#pragma once

#include "ship/project/project.h"

namespace hone::ship {

// Errors: not_found, with the path and the key that names it.
Status check_files(const ModelSpec& model, const TargetSpec& target);

}  // namespace hone::ship
