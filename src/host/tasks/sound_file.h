// Sounds in files: WAV of 16-bit samples, one channel.
#pragma once

#include <string>
#include <vector>

#include "common/base/cursor.h"
#include "common/base/status.h"

namespace hone::tasks {

struct Sound {
  std::vector<int16_t> samples;
  int32_t rate = 0;  // samples a second
};

// A 'data' of unknown size goes to the end of the file. Errors: not_found, io_error, corrupt (no
// format, no samples, fewer bytes than a chunk claims), unsupported (no WAV, other samples than
// 16-bit PCM, more than one channel).
Result<Sound> read_sound(const std::string& path);
Result<Sound> decode_sound(Bytes bytes, const std::string& what);

}  // namespace hone::tasks
