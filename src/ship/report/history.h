// Runs kept over time: hone-out/history.db, SQLite. A convenience: whoever calls goes on without
// it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "ship/report/run.h"

struct sqlite3;

namespace hone::ship::report {

class History {
 public:
  enum class Mode { read, write };  // write makes the file

  // Errors, one line each: not_found (read, no file), corrupt (no database, or not one of ours),
  // version_mismatch (a newer Hone's), io_error (permission, disk full, locked by another process).
  static Result<History> open(const std::string& path, Mode mode);

  // A run that says what the last one of its model and target said, at another time, is not added:
  // `hone ship` with nothing changed measures nothing. `created` is now where the run has none.
  Status add(const Run& run);

  // The last `most` runs of a model and target ("" for any), the oldest first.
  Result<std::vector<Run>> last(const std::string& model, const std::string& target,
                                int most) const;

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };
  History(std::unique_ptr<sqlite3, Close> db, std::string path)
      : db_(std::move(db)), path_(std::move(path)) {}
  Status failed(const char* doing) const;
  Status prepare_tables(const Status& foreign);

  std::unique_ptr<sqlite3, Close> db_;
  std::string path_;
};

std::string history_path(const std::string& folder);

}  // namespace hone::ship::report
