#include "net/support/etcd_process.hpp"

#include "base/base64.hpp"
#include "net/store/etcd_json.hpp"
#include "net/support/ports.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace sluice::test {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr const char* program = "/usr/bin/etcd";
constexpr auto start_limit = std::chrono::seconds(60);

std::string base64(std::string_view text) {
  return to_base64(as_bytes(text));
}

etcd_member new_member(std::string name) {
  return {std::move(name), free_port(), free_port()};
}

std::string url(std::uint16_t port) {
  return fmt::format("http://127.0.0.1:{}", port);
}

} // namespace

etcd_process::etcd_process(etcd_member self, std::vector<etcd_member> all)
    : self_(std::move(self)), all_(std::move(all)) {
  INFO("needs " << program << ", which tools/bootstrap tests installs (package etcd-server)");
  REQUIRE(std::filesystem::exists(program));
  auto name = (std::filesystem::temp_directory_path() / "sluice-etcd-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  folder_ = name;
  spawn();
}

etcd_process::etcd_process(const etcd_member& alone) : etcd_process(alone, {alone}) {
  wait();
}

etcd_process::etcd_process() : etcd_process(new_member("alone")) {}

etcd_process::~etcd_process() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void etcd_process::spawn() {
  auto clients = url(self_.port), peers = url(self_.peer_port);
  auto data = (folder_ / "data").string(), log = (folder_ / "log").string();
  std::string members;
  for (const auto& one : all_)
    members += fmt::format("{}{}={}", members.empty() ? "" : ",", one.name, url(one.peer_port));
  std::vector<std::string> words{program, "--name", self_.name, "--data-dir", data};
  for (const auto* flag : {"--listen-client-urls", "--advertise-client-urls"})
    words.insert(words.end(), {flag, clients});
  for (const auto* flag : {"--listen-peer-urls", "--initial-advertise-peer-urls"})
    words.insert(words.end(), {flag, peers});
  words.insert(words.end(), {"--initial-cluster", members});
  std::vector<char*> command;
  for (auto& word : words)
    command.push_back(word.data());
  command.push_back(nullptr);
  auto out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execv(program, command.data());
    ::_exit(127);
  }
  ::close(out);
  REQUIRE(pid_ > 0);
}

void etcd_process::start() {
  spawn();
  wait();
}

void etcd_process::wait() const {
  auto end = std::chrono::steady_clock::now() + start_limit;
  while (post("/v3/kv/range", fmt::format(R"({{"key":"{}"}})", base64("up"))).find("header") ==
         std::string::npos) {
    REQUIRE_MESSAGE(std::chrono::steady_clock::now() < end, "etcd did not start, see ", folder_.string());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void etcd_process::start_empty() {
  std::filesystem::remove_all(folder_ / "data");
  start();
}

std::vector<std::unique_ptr<etcd_process>> etcd_cluster(int members) {
  std::vector<etcd_member> all;
  for (int i = 0; i < members; ++i)
    all.push_back(new_member(fmt::format("m{}", i)));
  std::vector<std::unique_ptr<etcd_process>> out;
  for (const auto& one : all)
    out.push_back(std::make_unique<etcd_process>(one, all));
  for (const auto& one : out)
    one->wait();
  return out;
}

void etcd_process::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void etcd_process::freeze() {
  ::kill(pid_, SIGSTOP);
}

void etcd_process::thaw() {
  ::kill(pid_, SIGCONT);
}

std::string etcd_process::post(const std::string& path, const std::string& body) const {
  asio::io_context io;
  tcp::socket wire(io);
  boost::system::error_code failed;
  wire.connect({asio::ip::address_v4::loopback(), self_.port}, failed);
  if (failed) return {};
  http::request<http::string_body> request{http::verb::post, path, 11, body};
  request.set(http::field::host, "etcd");
  request.prepare_payload();
  http::write(wire, request, failed);
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> reply;
  if (!failed) http::read(wire, buffer, reply, failed);
  return failed ? std::string{} : reply.body();
}

void etcd_process::put(const std::string& key, const std::string& value) const {
  auto reply = post("/v3/kv/put", fmt::format(R"({{"key":"{}","value":"{}"}})", base64(key), base64(value)));
  CHECK(reply.find("revision") != std::string::npos);
}

void etcd_process::erase(const std::string& key) const {
  auto reply = post("/v3/kv/deleterange", fmt::format(R"({{"key":"{}"}})", base64(key)));
  CHECK(reply.find("deleted") != std::string::npos);
}

std::uint64_t etcd_process::revision() const {
  auto reply = net::etcd::decode_range(post("/v3/kv/range", fmt::format(R"({{"key":"{}"}})", base64("up"))));
  REQUIRE(reply.has_value());
  return reply->revision;
}

void etcd_process::compact(std::uint64_t revision) const {
  auto reply = post("/v3/kv/compaction", fmt::format(R"({{"revision":"{}","physical":true}})", revision));
  CHECK(reply.find("header") != std::string::npos);
}

} // namespace sluice::test
