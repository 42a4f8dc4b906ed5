#include "roles/declared_options.hpp"

#include "roles/option_text.hpp"

#include <fmt/format.h>

namespace sluice::roles {

namespace {

using role_set = std::set<process_role>;
const role_set origin_only{process_role::origin, process_role::all};
const role_set with_streams{process_role::origin, process_role::relay, process_role::edge, process_role::all};
const role_set with_viewers = with_streams;
const role_set directory_only{process_role::directory, process_role::all};
const role_set single{process_role::origin, process_role::relay, process_role::edge, process_role::directory};
const role_set all_only{process_role::all};
const role_set every{process_role::origin, process_role::relay, process_role::edge, process_role::directory,
                     process_role::all};

const std::map<std::string, process_role> role_names{{"origin", process_role::origin},
                                                     {"relay", process_role::relay},
                                                     {"edge", process_role::edge},
                                                     {"directory", process_role::directory},
                                                     {"all", process_role::all}};
const std::map<std::string, log_level> level_names{{"debug", log_level::debug},
                                                   {"info", log_level::info},
                                                   {"warn", log_level::warn},
                                                   {"error", log_level::error}};

// Turns a word into the number of its enumerator, or says which words there are.
template <class Enum>
CLI::Validator one_of(const std::map<std::string, Enum>& names) {
  return CLI::Validator(
      [&names](std::string& word) -> std::string {
        auto found = names.find(word);
        if (found == names.end()) {
          std::vector<std::string_view> known;
          for (const auto& [name, value] : names)
            known.push_back(name);
          return fmt::format("'{}' is none of {}", word, fmt::join(known, ", "));
        }
        word = std::to_string(static_cast<int>(found->second));
        return {};
      },
      "");
}

} // namespace

declared_options::declared_options(options& to)
    : app_("Sluice: live video distribution. One binary plays every part.", "sluice") {
  app_.set_version_flag("--version", "sluice " SLUICE_VERSION, "Print the version and exit");
  app_.set_help_flag("--help", "Print this and exit");
  app_.formatter(std::make_shared<plain_formatter>());
  app_.get_formatter()->column_width(36);
  app_.add_option("--config", file_, "TOML file with these options as keys (http-listen = \":8080\")");
  declare_node(to);
  declare_addresses(to);
  declare_streams(to);
  declare_all_in_one(to);
  app_.footer("sluice check OPTIONS tries ports, folders, secret and directories without starting.\n"
              "sluice ctl COMMAND asks and tells a running cluster; sluice ctl --help says what.\n"
              "Every option can be given as a variable too: --http-listen as SLUICE_HTTP_LISTEN. A variable\n"
              "that means nothing with the role is left alone.\n"
              "Flags win over variables, variables over the file.\n"
              "Publish: ffmpeg -re -i FILE -c copy -f flv rtmp://ORIGIN:1935/live/room1\n"
              "Watch:   http://EDGE:8080/watch/live/room1");
}

template <class T>
CLI::Option* declared_options::add(const char* group, const char* flag, T& to, const char* help,
                                   role_set roles) {
  usable_[flag] = std::move(roles);
  return app_.add_option(flag, to, help)->group(group)->capture_default_str();
}

void declared_options::declare_node(options& o) {
  const char* group = "This node";
  add(group, "--role", o.role, "What this process is", every)
      ->transform(one_of(role_names))
      ->type_name("origin|relay|edge|directory|all")
      ->default_str("");
  add(group, "--node-id", o.node_id, "Its name in the cluster; default: ROLE-HOSTNAME", single);
  add(group, "--zone", o.zone, "Where it stands; nodes prefer relays of their own zone", every);
  add(group, "--weight", o.weight, "A relay's capacity relative to the others'", {process_role::relay})
      ->check(CLI::Range(0.01, 1000.0));
  add(group, "--capacity-mbit", o.capacity_mbit,
      "What this node's network can send, Mbit/s; 0: not known, loads go by the weight",
      {process_role::relay, process_role::edge, process_role::origin})
      ->check(CLI::Range(0, 1'000'000));
  add(group, "--workers", o.workers, "Data threads; 0: one a core (one a node with --role all)", every)
      ->check(CLI::Range(0, 256));
  add(group, "--state-dir", o.state_dir,
      "Folder for the last relay list, to start from when no directory answers", with_streams);
  add(group, "--log-level", o.least, "Least level written to standard error", every)
      ->transform(one_of(level_names))
      ->type_name("debug|info|warn|error")
      ->default_str("info");
}

void declared_options::declare_addresses(options& o) {
  const char* group = "Addresses (HOST:PORT, [V6]:PORT or :PORT)";
  add(group, "--http-listen", o.http_listen, "Viewers, pages, API and metrics", single);
  add(group, "--rtmp-listen", o.rtmp_listen, "Publishers (RTMP)", {process_role::origin});
  add(group, "--trunk-listen", o.trunk_listen, "Streams from and to other nodes", {process_role::relay});
  add(group, "--trunk-advertise", o.trunk_advertise,
      "The trunk address other nodes use, if not the one listened on", {process_role::relay});
  add(group, "--control-listen", o.control_listen, "A directory's port for the other nodes",
      {process_role::directory});
  add(group, "--public-url", o.public_url,
      "What browsers use for an edge, e.g. https://edge1.example.org; publishers for an origin, e.g. "
      "rtmp://in.example.org",
      {process_role::origin, process_role::edge});
  add(group, "--directory", o.directories, "Directories, all of them used: HOST:PORT,HOST:PORT,...",
      {process_role::origin, process_role::relay, process_role::edge})
      ->delimiter(',');
  add(group, "--cluster", o.cluster, "The cluster's name; nodes of another one are refused", every);
  add(group, "--secret-file", o.secret_file, "The cluster's secret; needed beyond this machine", every);
}

void declared_options::declare_streams(options& o) {
  const char* group = "Streams";
  add(group, "--record", o.record_dir, "Folder to record every published stream into, as FLV", origin_only);
  add(group, "--grace", o.grace_s, "Seconds a stream waits for its publisher to return", origin_only)
      ->check(CLI::Range(0.0, 3600.0));
  add(group, "--second-publisher", o.second_publisher, "When a key is published already: refuse or takeover",
      origin_only)
      ->check(CLI::IsMember({"refuse", "takeover"}));
  add(group, "--retain", o.retain_s, "Seconds of each stream kept in memory", with_streams)
      ->check(CLI::Range(1.0, 600.0));
  add(group, "--retain-mib", o.retain_mib, "MiB of each stream kept at most", with_streams)
      ->check(CLI::Range(1, 4096));
  add(group, "--max-tag-mib", o.max_tag_mib, "Largest frame accepted, MiB", with_streams)
      ->check(CLI::Range(1, 15));
  add(group, "--serve-viewers", o.serve_viewers,
      "Whose video requests are answered; default: all at an edge, else this machine's", with_viewers)
      ->check(CLI::IsMember({"loopback", "all"}))
      ->type_name("loopback|all");
  add(group, "--max-lag", o.max_lag_s, "Seconds a viewer may fall behind before it jumps", with_viewers)
      ->check(CLI::Range(0.2, 600.0));
  add(group, "--drain-timeout", o.drain_timeout_s,
      "Seconds a node that is told to end waits until viewers, readers and publishers have gone elsewhere",
      with_streams)
      ->check(CLI::Range(0.0, 3600.0));
  add(group, "--max-coalesce", o.max_coalesce_ms,
      "Milliseconds a full data thread may gather before it sends to viewers", with_viewers)
      ->check(CLI::Range(0, 1000));
  add(group, "--min-coalesce", o.min_coalesce_ms,
      "Milliseconds always gathered before sending; 0: each picture at once", with_viewers)
      ->check(CLI::Range(0, 1000));
  add(group, "--max-viewers", o.max_viewers, "Viewers a data thread takes", with_viewers)
      ->check(CLI::Range(1, 1'000'000));
  add(group, "--max-loop-lag", o.max_loop_lag_ms,
      "Milliseconds a data thread may be late, for a second on end, before it refuses new viewers; 0: "
      "never",
      with_viewers)
      ->check(CLI::Range(0, 60'000));
  add(group, "--max-publishers", o.max_publishers, "Publishers an origin takes, over RTMP and POST together",
      origin_only)
      ->check(CLI::Range(1, 1'000'000));
  add(group, "--max-connections", o.max_connections,
      "Connections a data thread takes on each port, viewers not among them", every)
      ->check(CLI::Range(1, 1'000'000));
  add(group, "--copies", o.copies, "To how many relays an origin pushes each stream", directory_only)
      ->check(CLI::Range(1, 16));
  add(group, "--store", o.store, "Where directories keep policy and relays: memory or etcd", directory_only)
      ->check(CLI::IsMember({"memory", "etcd"}));
  add(group, "--etcd", o.etcd_urls, "etcd's servers: http://HOST:PORT,...", directory_only);
  add(group, "--hedge", o.hedge,
      "Pulls of each stream at once, from different relays; 2: for streams that must not even pause",
      {process_role::edge, process_role::all})
      ->check(CLI::Range(1, 2));
  usable_["--test-no-failover"] = {process_role::relay, process_role::edge, process_role::all};
  app_.add_flag("--test-no-failover", o.no_failover)->group("");
}

void declared_options::declare_all_in_one(options& o) {
  const char* group = "A whole cluster in one process (--role all)";
  add(group, "--origins", o.origins, "RTMP 1935.., HTTP 8200..", all_only)->check(CLI::Range(1, 90));
  add(group, "--relays", o.relays, "HTTP 8300.., trunk 8500..", all_only)->check(CLI::Range(1, 90));
  add(group, "--edges", o.edges, "HTTP 8080..", all_only)->check(CLI::Range(1, 90));
  add(group, "--directories", o.directory_count, "HTTP 8400.., control 7700..", all_only)
      ->check(CLI::Range(1, 90));
  add(group, "--port-shift", o.port_shift, "Added to every port", all_only)->check(CLI::Range(0, 50'000));
}

} // namespace sluice::roles
