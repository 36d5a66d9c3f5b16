// What an engine computes its products in: layers and multiply-adds of each type.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "host/plan/plan.h"

namespace hone::cli {

// {"multiply_adds": {"int8": {"layers", "macs"}, "f32": ...}, "conversions": steps that quantise or
// dequantise}, at the sizes tactics were timed at. Layers are steps that multiply by matrices or
// filters; macs is null where only the data tell. Empty: no sizes.
nlohmann::json precisions_of(const plan::Plan& plan);
// The same of an engine's file, at its first profile's sizes. Read, not loaded: it may be for
// another machine, or need more memory than there is. Empty where it is no engine.
nlohmann::json precisions_of(const std::string& engine_path);

// "int8 53 layers, 4.1 G multiply-adds (99.8 %); f32 1 layer, ..; 2 steps convert"; "" of nothing.
std::string precisions_line(const nlohmann::json& precisions);

}  // namespace hone::cli
