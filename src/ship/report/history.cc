#include "ship/report/history.h"
#include "host/model/json_text.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>

namespace hone::ship::report {

using nlohmann::json;

namespace {

constexpr int schema_version = 1;
constexpr int application_id = 0x484F4E45;  // "HONE": other programs' databases are not ours
constexpr int busy_ms = 2000;

constexpr const char* tables =
    "CREATE TABLE run (id INTEGER PRIMARY KEY, created TEXT NOT NULL, model TEXT NOT NULL,"
    " target TEXT NOT NULL, summary TEXT NOT NULL);"
    "CREATE INDEX run_of ON run (model, target, id);";

struct Finalize {
  void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

Statement prepare(sqlite3* db, const char* sql) {
  sqlite3_stmt* s = nullptr;
  sqlite3_prepare_v2(db, sql, -1, &s, nullptr);
  return Statement(s);
}

void bind(sqlite3_stmt* s, int index, const std::string& text) {
  sqlite3_bind_text(s, index, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

std::string column(sqlite3_stmt* s, int index) {
  const auto* p = reinterpret_cast<const char*>(sqlite3_column_text(s, index));
  return p == nullptr ? "" : std::string(p, static_cast<size_t>(sqlite3_column_bytes(s, index)));
}

// -1: the pragma cannot be read, and the database has the reason.
int read_pragma(sqlite3* db, const char* sql) {
  Statement s = prepare(db, sql);
  return s && sqlite3_step(s.get()) == SQLITE_ROW ? sqlite3_column_int(s.get(), 0) : -1;
}

Code code_of(int sqlite) {
  switch (sqlite & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Code::corrupt;
    case SQLITE_NOMEM: return Code::out_of_memory;
    default: return Code::io_error;
  }
}

std::string reason(int sqlite, const char* text) {
  switch (sqlite & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return "damaged, or not a database; delete it to begin a new history";
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "locked by another process; try again";
    case SQLITE_READONLY:
    case SQLITE_PERM: return "cannot be written (permissions)";
    case SQLITE_CANTOPEN: return "cannot be opened (permissions, or no such folder)";
    case SQLITE_FULL: return "disk full";
    default: return text;
  }
}

// Names in files need not be UTF-8.

// By way of Run: what stands in the file may have been edited.
std::string without_time(const std::string& summary) {
  Run r = run_from_json(json::parse(summary, nullptr, false));
  r.created.clear();
  return json_text(to_json(r));
}

}  // namespace

void History::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Status History::failed(const char* doing) const {
  const int code = sqlite3_extended_errcode(db_.get());
  return {code_of(code),
          fmt::format("{}: {}: {}", path_, doing, reason(code, sqlite3_errmsg(db_.get())))};
}

Result<History> History::open(const std::string& path, Mode mode) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return invalid(path + ": is a folder");
  if (mode == Mode::read && !std::filesystem::exists(path, error)) {
    return Status(Code::not_found, path + ": no history yet; hone ship keeps one");
  }
  sqlite3* raw = nullptr;
  const int flags =
      mode == Mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  History h(std::unique_ptr<sqlite3, Close>(raw), path);
  if (raw == nullptr) return Status(Code::out_of_memory, path + ": no memory to open it");
  if (code != SQLITE_OK) return h.failed("history");
  sqlite3_busy_timeout(raw, busy_ms);
  // A database from elsewhere must not run code of its own (triggers, views with functions).
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  const int version = read_pragma(raw, "PRAGMA user_version");
  const int owner = read_pragma(raw, "PRAGMA application_id");
  if (version < 0 || owner < 0) return h.failed("history");
  if (version > schema_version && owner == application_id) {
    return Status(
        Code::version_mismatch,
        fmt::format("{}: history of schema {}, written by a newer Hone; this one knows {}", path,
                    version, schema_version));
  }
  if (owner == application_id) return h;
  const Status foreign = corrupt(path + ": not a history of Hone; delete it to begin a new one");
  if (mode == Mode::read) return foreign;
  HONE_RETURN_IF_ERROR(h.prepare_tables(foreign));
  return h;
}

// Two processes may both find the file fresh: asked again under the lock, one makes the tables.
Status History::prepare_tables(const Status& foreign) {
  sqlite3* db = db_.get();
  auto run = [db](const std::string& sql) {
    return sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  };
  if (!run("BEGIN IMMEDIATE")) return failed("history");
  Status why;
  if (read_pragma(db, "PRAGMA application_id") != application_id) {
    const bool fresh = read_pragma(db, "PRAGMA user_version") == 0 &&
                       read_pragma(db, "SELECT count(*) FROM sqlite_schema") == 0;
    const std::string marks = fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};",
                                          application_id, schema_version);
    if (!fresh) {
      why = foreign;
    } else if (!run(tables + marks)) {
      why = failed("history");
    }
  }
  if (why.ok()) return run("COMMIT") ? Status{} : failed("history");
  run("ROLLBACK");
  return why;
}

Status History::add(const Run& run) {
  const std::string summary = json_text(to_json(run));
  Statement newest =
      prepare(db_.get(),
              "SELECT summary FROM run WHERE model = ?1 AND target = ?2 ORDER BY id DESC LIMIT 1");
  if (!newest) return failed("history");
  bind(newest.get(), 1, run.model);
  bind(newest.get(), 2, run.target);
  const int found = sqlite3_step(newest.get());
  if (found != SQLITE_ROW && found != SQLITE_DONE) return failed("history");
  if (found == SQLITE_ROW && without_time(column(newest.get(), 0)) == without_time(summary)) {
    return {};
  }
  newest.reset();
  Statement insert =
      prepare(db_.get(),
              "INSERT INTO run (created, model, target, summary) VALUES (coalesce(nullif(?1, ''),"
              " strftime('%Y-%m-%dT%H:%M:%SZ', 'now')), ?2, ?3, ?4)");
  if (!insert) return failed("history");
  bind(insert.get(), 1, run.created);
  bind(insert.get(), 2, run.model);
  bind(insert.get(), 3, run.target);
  bind(insert.get(), 4, summary);
  return sqlite3_step(insert.get()) == SQLITE_DONE ? Status{} : failed("a run was not kept");
}

Result<std::vector<Run>> History::last(const std::string& model, const std::string& target,
                                       int most) const {
  Statement s = prepare(db_.get(),
                        "SELECT created, summary FROM run WHERE (?1 = '' OR model = ?1) AND"
                        " (?2 = '' OR target = ?2) ORDER BY id DESC LIMIT ?3");
  if (!s) return failed("history");
  bind(s.get(), 1, model);
  bind(s.get(), 2, target);
  sqlite3_bind_int(s.get(), 3, most);
  std::vector<Run> runs;
  int code = 0;
  while ((code = sqlite3_step(s.get())) == SQLITE_ROW) {
    const json j = json::parse(column(s.get(), 1), nullptr, false);
    if (!j.is_object()) continue;  // edited by hand
    Run r = run_from_json(j);
    if (r.created.empty()) r.created = column(s.get(), 0);
    runs.push_back(std::move(r));
  }
  if (code != SQLITE_DONE) return failed("history");
  std::reverse(runs.begin(), runs.end());
  return runs;
}

std::string history_path(const std::string& folder) {
  return (std::filesystem::path(folder) / "history.db").string();
}

}  // namespace hone::ship::report
