// How pictures are made into numbers, as far as a slip in it can be told: for each channel, what
// black and what white become.
#pragma once

#include <string>
#include <vector>

#include "host/quant/samples.h"

namespace hone::quant {

// Of the values that black (0) and white (255) become.
struct Ends {
  double black = 0, white = 255;
};

enum class Scaling : uint8_t {
  bytes,       // 0..255
  unit,        // 0..1
  normalised,  // mean and std of ImageNet; of gray pictures, of the data
  signed_unit,
  centred_bytes,  // less ImageNet's mean
  signed_bytes,
  no_mean,  // the rest are only found, never expected
  no_std,
  twice,  // normalised and normalised again
  other,
};

struct Contract {
  Scaling scaling = Scaling::other;
  std::vector<Ends> channels;  // 1 or 3
  bool exchanged = false;      // channels in the other order; of gray pictures, black for white
};

// An input that holds pictures: rank 4, 1 or 3 channels at axis 1 or 3.
struct PictureInput {
  size_t index = 0;
  int axis = 1;
  std::string name;
};
// The first one; index == inputs: none.
PictureInput picture_input(const graph::Graph& g, const std::vector<Tensor>& sample);

struct ChannelFacts {
  double low = 0, high = 0, mean = 0, std = 0;
};
// Over all samples, by channel.
Result<std::vector<ChannelFacts>> channel_facts(const Samples& s, const PictureInput& p);

// What the data look like; channels without contrast: an empty list of channels.
Contract recognise(const std::vector<ChannelFacts>& facts);

// What the model may expect instead, the commonest first; the first is `given` itself.
std::vector<Contract> alternatives(const Contract& given, const std::vector<ChannelFacts>& facts);

// The picture as `wanted` would have it.
Tensor remade(const Tensor& x, int axis, const Contract& given, const Contract& wanted);

std::string cause_of_slip(const Contract& given, const Contract& wanted);  // "mean and std missing"
std::string remedy_of_slip(const Contract& given, const Contract& wanted);
std::string range_text(const Contract& c);  // "-2.1..2.6"

}  // namespace hone::quant
