#include "host/tasks/sound_file.h"

#include <fmt/format.h>
#include <sndfile.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "host/model/files.h"

namespace hone::tasks {

namespace {

// Bytes as libsndfile reads a file.
struct Source {
  Bytes bytes;
  sf_count_t at = 0;
  sf_count_t size() const { return static_cast<sf_count_t>(bytes.size()); }
};

sf_count_t length(void* user) { return static_cast<Source*>(user)->size(); }

sf_count_t tell(void* user) { return static_cast<Source*>(user)->at; }

sf_count_t seek(sf_count_t by, int from, void* user) {
  auto& s = *static_cast<Source*>(user);
  const sf_count_t base = from == SEEK_SET ? 0 : from == SEEK_CUR ? s.at : s.size();
  // Both within +-2^63: a sum that leaves that is no place in any file.
  sf_count_t to = 0;
  if (__builtin_add_overflow(base, by, &to) || to < 0 || to > s.size()) return -1;
  return s.at = to;
}

sf_count_t read(void* to, sf_count_t count, void* user) {
  auto& s = *static_cast<Source*>(user);
  const sf_count_t n = std::clamp<sf_count_t>(count, 0, s.size() - s.at);
  if (n > 0) std::memcpy(to, s.bytes.data() + s.at, static_cast<size_t>(n));
  s.at += n;
  return n;
}

constexpr size_t head_bytes = 12, chunk_head_bytes = 8;

bool is_wav(Bytes b) {
  return b.size() >= head_bytes && std::memcmp(b.data(), "RIFF", 4) == 0 &&
         std::memcmp(b.data() + 8, "WAVE", 4) == 0;
}

// What the data chunk of a stream claims, by a writer that could not go back to fill it in (a pipe
// out of ffmpeg).
constexpr uint32_t unknown_size = UINT32_MAX;

// A WAV file of the format and the samples, as `wav` has them, each as long as it claims to be. The
// rest is comments, cues, loops, which libsndfile reads whatever they claim, as it does what
// follows samples that are not there: 2^32 bytes of either keep it busy for minutes.
Result<std::vector<std::byte>> sound_only(Bytes wav, const std::string& what) {
  std::vector<std::byte> kept(wav.begin(), wav.begin() + head_bytes);
  const auto keep = [&](Bytes chunk) { kept.insert(kept.end(), chunk.begin(), chunk.end()); };
  const auto store = [&](size_t at, size_t size) {
    const auto n = static_cast<uint32_t>(size);  // of a file whose chunks state theirs in 32 bits
    std::memcpy(kept.data() + at, &n, sizeof(n));
  };
  for (size_t at = head_bytes; wav.size() - at >= chunk_head_bytes;) {
    const Bytes head = wav.subspan(at, chunk_head_bytes);
    const Bytes rest = wav.subspan(at + chunk_head_bytes);
    uint32_t claimed = 0;  // WAV is little-endian, as every machine that Hone runs on
    std::memcpy(&claimed, head.data() + 4, sizeof(claimed));
    const bool data = std::memcmp(head.data(), "data", 4) == 0;
    if (data && claimed == unknown_size) {
      claimed = static_cast<uint32_t>(std::min<size_t>(rest.size(), unknown_size - 1));
    }
    if (claimed > rest.size()) {
      return corrupt(fmt::format("{}: cut off: {} of {} bytes, {} are there", what,
                                 data ? "samples" : "a chunk", claimed, rest.size()));
    }
    if (data || std::memcmp(head.data(), "fmt ", 4) == 0) {
      const size_t size_at = kept.size() + 4;
      keep(head);
      keep(rest.first(claimed));
      store(size_at, claimed);
      if (claimed % 2 != 0) kept.emplace_back();  // chunks begin at even places
    }
    if (data) {
      store(4, kept.size() - 8);
      return kept;
    }
    at += chunk_head_bytes + std::min(claimed + size_t{claimed % 2}, rest.size());
  }
  return corrupt(fmt::format("{}: a WAV file without samples: it has no 'data'", what));
}

}  // namespace

Result<Sound> decode_sound(Bytes bytes, const std::string& what) {
  // libsndfile knows two dozen formats; what none of them asked for is not let near them.
  if (!is_wav(bytes)) return unsupported(fmt::format("{}: no WAV file", what));
  HONE_ASSIGN(const std::vector<std::byte> wav, sound_only(bytes, what));
  Source source{wav};
  SF_VIRTUAL_IO io = {length, seek, read, nullptr, tell};
  SF_INFO info = {};
  std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> file(sf_open_virtual(&io, SFM_READ, &info, &source),
                                                   sf_close);
  if (file == nullptr) {
    std::string why = sf_strerror(nullptr);
    std::replace(why.begin(), why.end(), '\n', ' ');
    return corrupt(fmt::format("{}: {}", what, why));
  }
  if ((info.format & SF_FORMAT_SUBMASK) != SF_FORMAT_PCM_16) {
    return unsupported(fmt::format("{}: its samples are not 16-bit PCM", what));
  }
  if (info.channels != 1) {
    return unsupported(fmt::format("{}: {} channels; one is taken", what, info.channels));
  }
  if (info.frames < 0 || info.frames > source.size() / 2) {
    return corrupt(
        fmt::format("{}: claims {} samples in {} bytes", what, info.frames, bytes.size()));
  }
  Sound sound{std::vector<int16_t>(static_cast<size_t>(info.frames)), info.samplerate};
  if (sf_read_short(file.get(), sound.samples.data(), info.frames) != info.frames) {
    return corrupt(fmt::format("{}: ends before its {} samples do", what, info.frames));
  }
  return sound;
}

Result<Sound> read_sound(const std::string& path) {
  HONE_ASSIGN(MappedFile file, map_file(path));
  return decode_sound(file.bytes, path);
}

}  // namespace hone::tasks
