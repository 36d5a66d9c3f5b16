#include "host/quant/slip_contracts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hone::quant {

namespace {

// ImageNet's, of values from 0 to 1.
constexpr double image_mean[] = {0.485, 0.456, 0.406};
constexpr double image_std[] = {0.229, 0.224, 0.225};

struct Normal {
  double mean, std;
};

double unit_value(Scaling s, double x, const Normal& n) {  // x: from 0 to 1
  switch (s) {
    case Scaling::bytes: return 255 * x;
    case Scaling::unit: return x;
    case Scaling::signed_unit: return 2 * x - 1;
    case Scaling::signed_bytes: return 255 * x - 128;
    case Scaling::normalised: return (x - n.mean) / n.std;
    case Scaling::centred_bytes: return 255 * (x - n.mean);
    case Scaling::no_mean: return x / n.std;
    case Scaling::no_std: return x - n.mean;
    case Scaling::twice: return ((x - n.mean) / n.std - n.mean) / n.std;
    case Scaling::other: break;
  }
  return x;
}

Contract contract_of(Scaling s, const std::vector<Normal>& normals) {
  Contract c;
  c.scaling = s;
  for (const Normal& n : normals) c.channels.push_back({unit_value(s, 0, n), unit_value(s, 1, n)});
  return c;
}

std::vector<Normal> image_normals() {
  std::vector<Normal> out;
  for (size_t i = 0; i < 3; ++i) out.push_back({image_mean[i], image_std[i]});
  return out;
}

// How far the data's ends are from the contract's, in parts of its range.
double distance(const Contract& c, const std::vector<ChannelFacts>& facts) {
  double most = 0;
  for (size_t i = 0; i < facts.size(); ++i) {
    const double range = c.channels[i].white - c.channels[i].black;
    most = std::max({most, std::fabs(facts[i].low - c.channels[i].black) / range,
                     std::fabs(facts[i].high - c.channels[i].white) / range});
  }
  return most;
}

// Gray pictures are normalised by what their own data say: there is no table of it.
Scaling scaling_of_gray(const ChannelFacts& f) {
  const double range = f.high - f.low;
  if (std::fabs(f.mean) < 0.5 && f.std > 0.6 && f.std < 1.6) return Scaling::normalised;
  if (std::fabs(range - 1) < 0.02 && std::fabs(f.mean) < 0.25) return Scaling::no_std;
  if (f.low == 0 && f.high > 1.5 && f.high < 10) return Scaling::no_mean;
  if (f.low < 0 && range > 6 && range < 40) return Scaling::twice;
  return Scaling::other;
}

std::vector<Normal> normals_of(const Contract& given, const std::vector<ChannelFacts>& facts) {
  if (facts.size() == 3) return image_normals();
  const Ends& e = given.channels[0];
  return {{(facts[0].mean - e.black) / (e.white - e.black), facts[0].std / (e.white - e.black)}};
}

const char* name_of(Scaling s) {
  switch (s) {
    case Scaling::bytes: return "0..255";
    case Scaling::unit: return "0..1";
    case Scaling::signed_unit: return "-1..1";
    case Scaling::signed_bytes: return "-128..127";
    case Scaling::normalised: return "normalised";
    case Scaling::centred_bytes: return "0..255 less the mean";
    case Scaling::no_mean: return "without mean";
    case Scaling::no_std: return "without std";
    case Scaling::twice: return "normalised twice";
    case Scaling::other: break;
  }
  return "another range";
}

const char* exchange_of(const Contract& c) {
  return c.channels.size() == 3 ? "channels swapped" : "black and white exchanged";
}

}  // namespace

PictureInput picture_input(const graph::Graph& g, const std::vector<Tensor>& sample) {
  PictureInput p;
  constexpr int64_t least = 16;  // fewer rows or columns are no picture
  for (; p.index < sample.size(); ++p.index) {
    const Tensor& t = sample[p.index];
    if (t.rank() != 4 || t.dtype() != DType::f32) continue;
    p.name = g.value(g.block().inputs[p.index]).name;
    const Dims& d = t.dims();
    const auto colours = [](int64_t n) { return n == 1 || n == 3; };
    if (colours(d[1]) && std::min(d[2], d[3]) >= least) return p.axis = 1, p;
    if (colours(d[3]) && std::min(d[1], d[2]) >= least) return p.axis = 3, p;
  }
  return p;
}

Result<std::vector<ChannelFacts>> channel_facts(const Samples& s, const PictureInput& p) {
  std::vector<ChannelFacts> facts;
  std::vector<double> squares;
  int64_t count = 0;
  for (int64_t k = 0; k < s.count; ++k) {
    HONE_ASSIGN(const std::vector<Tensor> inputs, s.get(k));
    const Tensor& t = inputs[p.index];
    const std::span<const float> x = t.as<float>();
    const auto n = static_cast<size_t>(t.dims()[static_cast<size_t>(p.axis)]);
    const auto plane = p.axis == 1 ? static_cast<size_t>(t.dims()[2] * t.dims()[3]) : 1;
    if (facts.empty()) facts.assign(n, {1e30, -1e30, 0, 0}), squares.assign(n, 0);
    for (size_t i = 0; i < x.size(); ++i) {
      const size_t c = i / plane % n;
      ChannelFacts& f = facts[c];
      f.low = std::min<double>(f.low, x[i]);
      f.high = std::max<double>(f.high, x[i]);
      f.mean += x[i];
      squares[c] += static_cast<double>(x[i]) * x[i];
    }
    count += static_cast<int64_t>(x.size() / n);
  }
  for (size_t c = 0; c < facts.size(); ++c) {
    facts[c].mean /= static_cast<double>(count);
    const double variance = squares[c] / static_cast<double>(count) - facts[c].mean * facts[c].mean;
    facts[c].std = std::sqrt(std::max(variance, 0.0));
  }
  return facts;
}

Contract recognise(const std::vector<ChannelFacts>& facts) {
  Contract best;
  const bool gray = facts.size() == 1;
  const auto flat = [](const ChannelFacts& f) { return !(f.high - f.low > 1e-6) || f.std <= 1e-6; };
  if (facts.empty() || std::any_of(facts.begin(), facts.end(), flat)) return best;
  constexpr double near = 0.05;  // some tens of pictures hold nearly black and nearly white
  double least = near;
  const std::vector<Normal> normals = gray ? std::vector<Normal>{{0, 1}} : image_normals();
  for (int i = 0; i < static_cast<int>(Scaling::other); ++i) {
    const auto s = static_cast<Scaling>(i);
    const bool by_table = s == Scaling::bytes || s == Scaling::unit || s == Scaling::signed_unit ||
                          s == Scaling::signed_bytes;
    if (gray && !by_table) continue;
    const Contract c = contract_of(s, normals);
    const double d = distance(c, facts);
    if (d < least) least = d, best = c;
  }
  if (!best.channels.empty()) return best;
  for (const ChannelFacts& f : facts) best.channels.push_back({f.low, f.high});
  if (gray) best.scaling = scaling_of_gray(facts[0]);
  return best;
}

std::vector<Contract> alternatives(const Contract& given, const std::vector<ChannelFacts>& facts) {
  std::vector<Contract> out = {given};
  const std::vector<Normal> normals = normals_of(given, facts);
  for (int i = 0; i <= static_cast<int>(Scaling::signed_bytes); ++i) {
    const auto s = static_cast<Scaling>(i);
    if (s == given.scaling || (s == Scaling::centred_bytes && facts.size() == 1)) continue;
    out.push_back(contract_of(s, normals));
  }
  for (size_t i = 0, n = out.size(); i < n; ++i) {
    out.push_back(out[i]);
    out.back().exchanged = true;
  }
  return out;
}

Tensor remade(const Tensor& x, int axis, const Contract& given, const Contract& wanted) {
  Tensor out(DType::f32, x.dims());
  const std::span<const float> from = x.as<float>();
  const std::span<float> to = out.as_mutable<float>();
  const size_t n = given.channels.size();
  const auto plane = axis == 1 ? static_cast<size_t>(x.dims()[2] * x.dims()[3]) : 1;
  for (size_t c = 0; c < n; ++c) {
    const size_t source = wanted.exchanged && n == 3 ? n - 1 - c : c;
    const Ends& a = given.channels[source];
    Ends b = wanted.channels[c];
    if (wanted.exchanged && n == 1) std::swap(b.black, b.white);
    const double scale = (b.white - b.black) / (a.white - a.black);
    const double shift = b.black - a.black * scale;
    for (size_t i = 0; i < to.size(); i += n * plane) {
      for (size_t j = 0; j < plane; ++j) {
        to[i + c * plane + j] = static_cast<float>(from[i + source * plane + j] * scale + shift);
      }
    }
  }
  return out;
}

std::string range_text(const Contract& c) {
  double low = c.channels[0].black, high = c.channels[0].white;
  for (const Ends& e : c.channels) low = std::min(low, e.black), high = std::max(high, e.white);
  return fmt::format("{:.3g}..{:.3g}", low, high);
}

std::string cause_of_slip(const Contract& given, const Contract& wanted) {
  const bool normal = wanted.scaling == Scaling::normalised;
  std::string text;
  if (given.scaling == wanted.scaling) {
    return exchange_of(wanted);
  } else if (normal && given.scaling == Scaling::unit) {
    text = "mean and std missing";
  } else if (normal && given.scaling == Scaling::no_mean) {
    text = "mean missing";
  } else if (normal && given.scaling == Scaling::no_std) {
    text = "std missing";
  } else if (normal && given.scaling == Scaling::twice) {
    text = "normalised twice";
  } else {
    text = fmt::format("{} for {}", name_of(given.scaling), name_of(wanted.scaling));
  }
  return wanted.exchanged ? fmt::format("{}, {}", text, exchange_of(wanted)) : text;
}

std::string remedy_of_slip(const Contract& given, const Contract& wanted) {
  std::string text;
  if (given.scaling != wanted.scaling) {
    switch (wanted.scaling) {
      case Scaling::bytes: text = "give pixels as they are, 0 to 255"; break;
      case Scaling::unit: text = "divide pixels by 255 and do no more"; break;
      case Scaling::signed_unit: text = "divide pixels by 127.5 and subtract 1"; break;
      case Scaling::signed_bytes: text = "subtract 128 from pixels and do no more"; break;
      case Scaling::centred_bytes: text = "subtract the mean from pixels of 0 to 255"; break;
      default: text = "divide pixels by 255, subtract the mean and divide by the std, once";
    }
  }
  if (!wanted.exchanged) return text;
  const bool colour = wanted.channels.size() == 3;
  return fmt::format("{}{}", text.empty() ? "" : text + "; ",
                     colour ? "exchange red and blue (BGR for RGB)" : "invert the pictures");
}

}  // namespace hone::quant
