// RIFF WAVE: chunks of a name, a size and so many bytes, the next one at an even place. 'fmt '
// tells what the samples are, 'data' has them; the rest is comments, cues, loops. (Microsoft and
// IBM, Multimedia Programming Interface and Data Specifications 1.0, 1991; the extensible form:
// Multiple Channel Audio Data and WAVE Files, 2007.)
#include "host/tasks/sound_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "host/model/files.h"

namespace hone::tasks {

namespace {

constexpr size_t head_bytes = 12, chunk_head_bytes = 8, format_bytes = 16;
constexpr size_t extended_bytes = 40, subformat_at = 24;
constexpr uint16_t pcm = 1, extensible = 0xfffe;
// What 'data' claims where its writer could not go back to fill it in (ffmpeg into a pipe).
constexpr uint32_t unknown_size = UINT32_MAX;

// WAV is little-endian, as every machine that Hone runs on.
template <class T>
T number(Bytes b, size_t at) {
  T value = 0;
  std::memcpy(&value, b.data() + at, sizeof(value));
  return value;
}

bool is(Bytes b, size_t at, const char* four) { return std::memcmp(b.data() + at, four, 4) == 0; }

struct Chunks {
  Bytes format, samples;
};

Result<Chunks> find_chunks(Bytes wav, const std::string& what) {
  Chunks found;
  for (size_t at = head_bytes; wav.size() - at >= chunk_head_bytes;) {
    const Bytes rest = wav.subspan(at + chunk_head_bytes);
    const bool data = is(wav, at, "data");
    size_t claimed = number<uint32_t>(wav, at + 4);
    if (data && claimed == unknown_size) claimed = rest.size();
    if (claimed > rest.size()) {
      return corrupt(fmt::format("{}: cut off: {} of {} bytes, {} are there", what,
                                 data ? "samples" : "a chunk", claimed, rest.size()));
    }
    if (is(wav, at, "fmt ")) found.format = rest.first(claimed);
    if (data) {
      if (found.format.size() >= format_bytes) {
        found.samples = rest.first(claimed);
        return found;
      }
      return corrupt(fmt::format("{}: a WAV file without the format of its samples", what));
    }
    at += chunk_head_bytes + std::min(claimed + claimed % 2, rest.size());
  }
  return corrupt(fmt::format("{}: a WAV file without samples: it has no 'data'", what));
}

uint16_t coding(Bytes format) {
  const uint16_t tag = number<uint16_t>(format, 0);
  const bool more = tag == extensible && format.size() >= extended_bytes;
  return more ? number<uint16_t>(format, subformat_at) : tag;
}

}  // namespace

Result<Sound> decode_sound(Bytes bytes, const std::string& what) {
  if (bytes.size() < head_bytes || !is(bytes, 0, "RIFF") || !is(bytes, 8, "WAVE")) {
    return unsupported(fmt::format("{}: no WAV file", what));
  }
  HONE_ASSIGN(const Chunks chunks, find_chunks(bytes, what));
  const uint16_t channels = number<uint16_t>(chunks.format, 2);
  const uint32_t rate = number<uint32_t>(chunks.format, 4);
  const uint16_t bits = number<uint16_t>(chunks.format, 14);
  if (coding(chunks.format) != pcm || bits != 16) {
    return unsupported(fmt::format("{}: its samples are not 16-bit PCM", what));
  }
  if (channels != 1) {
    return unsupported(fmt::format("{}: {} channels; one is taken", what, channels));
  }
  if (rate == 0 || rate > INT32_MAX) {
    return corrupt(fmt::format("{}: {} samples in a second", what, rate));
  }
  Sound sound{std::vector<int16_t>(chunks.samples.size() / 2), static_cast<int>(rate)};
  if (!sound.samples.empty()) {
    std::memcpy(sound.samples.data(), chunks.samples.data(), sound.samples.size() * 2);
  }
  return sound;
}

Result<Sound> read_sound(const std::string& path) {
  HONE_ASSIGN(MappedFile file, map_file(path));
  return decode_sound(file.bytes, path);
}

}  // namespace hone::tasks
