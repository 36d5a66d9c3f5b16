// Data in files, labelled or not, one sample at a time: what evaluation and calibration read. What
// becomes of a sample before a model sees it is the input's contract, not the data's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "host/model/picture_file.h"
#include "host/model/tensor.h"
#include "host/tasks/detection/boxes.h"
#include "host/tasks/sound_file.h"

namespace hone::tasks {

using model::DecodedPicture;
using model::max_pixels;
using model::read_picture;

// A data table of hone.toml: a format and what it asks for (data_formats.inc), by key.
struct DataSpec {
  std::string format;
  std::map<std::string, std::string, std::less<>> values;  // paths, and names of columns
  int64_t limit = 0;                                       // the first so many samples; 0: all

  const std::string& at(std::string_view key) const;  // "" where it is absent
};

// As it is stored; what a format does not give is empty.
struct Sample {
  DecodedPicture picture;
  std::map<std::string, Tensor> tensors;  // by the model's input; "": of a format without names
  std::string text;
  Sound sound;
  int64_t label = -1;
  std::vector<Truth> objects;  // in the picture
  // What the model should have made, where that is a picture: as a file holds it or as an array.
  DecodedPicture wanted_picture;
  Tensor wanted;
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t count() const = 0;
  virtual bool labelled() const = 0;
  // Sample `i` of 0 .. count() - 1, read when it is asked for. Errors: those of the files it is in.
  virtual Result<Sample> sample(int64_t i) const = 0;
  // Every file that samples, or with `truths` what is true of them, may come from, in a fixed
  // order: what a result depends on.
  virtual std::vector<std::string> files(bool truths) const = 0;
};

// Errors: those of the format's readers; shape_mismatch where pictures and labels do not go
// together; invalid_argument where there is no sample (nothing to judge by must not look like a
// pass) and for a format that does not exist.
Result<std::shared_ptr<const Dataset>> open_dataset(const DataSpec& spec);

struct DataKey {
  // to_judge: by what evaluates only, and not where the key 'wanted' says what is right.
  enum class Need : uint8_t { always, to_judge, never };
  const char* name;
  bool path;  // of a file or folder; else a word
  Need need;
};
struct DataFormat {
  const char* name;
  std::span<const DataKey> keys;
  Result<std::shared_ptr<const Dataset>> (*open)(const DataSpec&);
};
std::span<const DataFormat* const> data_formats();
const DataFormat* find_data_format(std::string_view name);

// Of the sample's content as it is stored: equal where that is equal, whatever the label.
uint64_t content_hash(const Sample& s);

}  // namespace hone::tasks
