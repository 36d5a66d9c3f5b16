// Calibration data as a model's inputs, one sample at a time: nothing is held beyond a sample.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/graph/graph.h"

namespace hone::quant {

struct Samples {
  int64_t count = 0;
  // The inputs of sample k in graph order, dtypes and fixed dimensions as the graph's. Safe from
  // several threads. Errors: io_error; invalid_argument for a value that its input cannot hold.
  std::function<Result<std::vector<Tensor>>(int64_t k)> get;
  // Of the sample's dtypes, dims and bytes.
  Result<uint64_t> hash(int64_t k) const;
};

// `path`: FILE.npz, or a folder that holds NAME.npy files or several .npz (taken in the order of
// their names, their samples one after the other). Arrays are found by input name ('/' in a name is
// '_' in the name of a .npy file). Sample k of an array is a[k:k+1] in place of axis 0, or
// a[k*B:(k+1)*B] where the model's batch is fixed at B > 1; an array of one such piece is the same
// for all samples. Floats of other widths are converted, integers where their values fit. Samples
// are read when asked for; deflated members are unpacked once into an unnamed temporary file.
// Errors: not_found, io_error, corrupt; invalid_argument and shape_mismatch name input and array.
Result<Samples> open_samples(const graph::Graph& g, const std::string& path);

// Those of `all` at these places, in this order.
Samples subset(const Samples& all, std::vector<int64_t> places);
Samples first_of(const Samples& all, int64_t most);

struct Split {
  Samples ranges;    // what calibration looks at
  Samples held_out;  // what decides between candidates, and is never calibrated on
  std::vector<int64_t> held_out_places;  // in all
};
// About a fifth is held out (none of fewer than 5), chosen by the samples' hashes: the same data in
// another order split the same way. Samples of equal bytes fall on one side.
Result<Split> split_held_out(const Samples& all);

}  // namespace hone::quant
