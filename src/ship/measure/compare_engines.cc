#include "ship/measure/compare_engines.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "ship/measure/placement.h"

namespace hone::ship {

namespace {

using Clock = std::chrono::steady_clock;

// A subject opened at addresses of its own.
class Opened {
 public:
  static Result<std::unique_ptr<Opened>> open(const Subject& subject, int threads, uint64_t seed) {
    auto self = std::unique_ptr<Opened>(new Opened(subject, seed));
    HONE_ASSIGN(self->session_,
                Session::open(subject.engine, threads, *self->placement_.allocator()));
    const std::vector<Tensor>& sample = subject.inputs->samples[0];
    for (size_t i = 0; i < sample.size(); ++i) {
      HONE_RETURN_IF_ERROR(self->session_.set_shape_values(i, sample[i]));
    }
    HONE_RETURN_IF_ERROR(self->session_.bind(subject.shapes));
    HONE_RETURN_IF_ERROR(self->prepare());
    HONE_RETURN_IF_ERROR(self->session_.run());  // faults its pages in
    return self;
  }

  Side side() {
    return {[this] { return prepare(); }, [this] { return session_.run(); }};
  }

 private:
  Opened(const Subject& subject, uint64_t seed) : placement_(seed), subject_(subject) {}

  Status prepare() {
    const auto& samples = subject_.inputs->samples;
    const std::vector<Tensor>& sample = samples[next_++ % samples.size()];
    for (size_t i = 0; i < sample.size(); ++i) {
      HONE_RETURN_IF_ERROR(session_.set_input(i, sample[i]));
    }
    return {};
  }

  Placement placement_;  // outlives the session
  const Subject& subject_;
  Session session_;
  size_t next_ = 0;
};

// Pairs of sessions of ever new placements, the side that opens first by a coin.
class Opener {
 public:
  Opener(const Subject& a, const Subject& b, const CompareOptions& o)
      : subjects_{&a, &b}, options_(o), random_(o.seed) {}

  Status open_next() {
    const size_t first = random_() >> 63;
    // The old ones live until the new ones stand, or their pages would be handed out again; big
    // ones have so many that the order in which they come back is another.
    std::unique_ptr<Opened> old[2];
    const size_t weights = subjects_[0]->engine.size() + subjects_[1]->engine.size();
    for (int side = 0; side < 2; ++side) {
      if (weights < (size_t{64} << 20)) old[side] = std::move(opened_[side]);
      opened_[side].reset();
    }
    for (size_t side : {first, 1 - first}) {
      auto made = Opened::open(*subjects_[side], options_.threads, random_());
      if (!made.ok()) return in(subjects_[side]->name, made.status());
      opened_[side] = std::move(*made);
    }
    return {};
  }

  Side side(size_t i) { return opened_[i]->side(); }

 private:
  const Subject* subjects_[2];
  const CompareOptions& options_;
  std::mt19937_64 random_;
  std::unique_ptr<Opened> opened_[2];
};

// When to look, and whether to go on.
class Looks {
 public:
  explicit Looks(const CompareOptions& o) : options_(o), at_(o.rounds.value_or(first_look)) {
    judge_.margin = o.margin;
    judge_.floor_ms = clock_resolution_ms();
  }

  // True where the rounds are enough: `judgement` is the last word.
  bool done(std::span<const Round> rounds, bool out_of_time, Judgement* judgement) {
    const auto n = static_cast<int64_t>(rounds.size());
    if (options_.rounds ? n < at_ : n < at_ && !out_of_time) return false;
    judge_.look = options_.rounds ? 0 : judge_.look + 1;
    *judgement = judge(rounds, judge_);
    at_ = next_look(n);
    return options_.rounds || out_of_time || judgement->verdict != LatencyVerdict::inconclusive;
  }

 private:
  const CompareOptions& options_;
  JudgeOptions judge_;
  int64_t at_;
};

}  // namespace

Result<CompareResult> compare_engines(const Subject& a, const Subject& b, const CompareOptions& o) {
  InterleaveOptions turns;
  turns.percentile = o.percentile;
  turns.seed = o.seed;
  Interleaver interleaver(turns);
  Opener opener(a, b, o);
  Looks looks(o);
  CompareResult r;
  const auto start = Clock::now();
  auto spent = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  do {
    const auto n = static_cast<int64_t>(r.rounds.size());
    const int64_t placement = n / o.reopen;
    if (n % o.reopen == 0) HONE_RETURN_IF_ERROR(opener.open_next());
    HONE_ASSIGN(Round round, interleaver.round(placement, opener.side(0), opener.side(1)));
    r.rounds.push_back(round);
    r.seconds = spent();
    if (o.progress && o.rounds) {
      o.progress(static_cast<double>(n + 1), static_cast<double>(*o.rounds));
    } else if (o.progress) {
      o.progress(std::min(r.seconds, o.duration_s), o.duration_s);
    }
  } while (!looks.done(r.rounds, r.seconds >= o.duration_s, &r.judgement));
  r.a_ms = summarize(interleaver.a_ms());
  r.b_ms = summarize(interleaver.b_ms());
  return r;
}

}  // namespace hone::ship
