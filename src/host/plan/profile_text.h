// Profiles as users write them.
#pragma once

#include "host/plan/make_plan.h"

namespace hone::plan {

// "1x3x224x224" -> dims; "" -> a scalar. Errors name the text.
Result<Dims> parse_dims(const std::string& text);

// One profile, "ids=1x1:1x64:1x512,mask=1x512": for each input min, opt and max, or the one shape
// that it always has. An input begins at a comma that a name and '=' follow.
Result<ProfileSpec> parse_profile(const std::string& text);

// Several texts, each all or some inputs of a profile: one that names an input again begins the
// next. Errors name the text after `option`.
Result<std::vector<ProfileSpec>> parse_profiles(const std::vector<std::string>& texts,
                                                const std::string& option);

}  // namespace hone::plan
