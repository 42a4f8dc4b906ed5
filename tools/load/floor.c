/* What no server can beat by much: one thread that sends the same bytes to N sockets and does nothing else.
 * It follows one stream of an origin over HTTP-FLV, cuts it into batches (by tag, by video frame, or by
 * time), puts one WebSocket header before each batch, once, and sends the batches to whoever asks. Loopback
 * only; for tools/bench, which runs it beside a Sluice edge. It trusts its peers and has no limits. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <time.h>
#include <unistd.h>

enum { log_capacity = 1 << 30, most_clients = 20000, frame_header_size = 10, request_size = 1024 };
enum mode { each_tag, each_frame, each_interval };

struct client {
  int fd;
  int watched; /* 1: it waits for room in its socket */
  int asked;   /* 1: its request was answered */
  size_t at;   /* the next byte of the log to send */
  size_t request_got;
  char request[request_size];
};

static uint8_t* log_bytes; /* batches as they are sent, one after the other */
static int log_file;
static size_t log_end;                      /* end of the last whole batch */
static size_t filled;                       /* end of what has come */
static size_t batch_begin;                  /* where the open batch's header goes */
static size_t join = SIZE_MAX;              /* the newest batch that holds a keyframe */
static uint64_t join_offset, source_offset; /* in the origin's log: of `join`, of the next byte to come */
static uint64_t batch_offset;
static int batch_has_keyframe;
static int overdue; /* the interval is over; the batch ends with the tag */

static uint8_t preface[65536];
static size_t preface_size;
static char epoch[32];

static struct client* clients[most_clients];
static size_t client_count;
static int poll_fd;
static int websocket, use_sendfile;
static enum mode how;
static double interval_ms;

static void die(const char* what) {
  perror(what);
  exit(1);
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static size_t put_frame_header(uint8_t* to, size_t size) {
  to[0] = 0x82;
  to[1] = 127;
  for (int i = 0; i < 8; ++i)
    to[2 + i] = (uint8_t)((uint64_t)size >> (56 - 8 * i));
  return frame_header_size;
}

static void send_some(struct client* c) {
  while (c->at < log_end) {
    ssize_t sent;
    if (use_sendfile) {
      off_t at = (off_t)c->at;
      sent = sendfile(c->fd, log_file, &at, log_end - c->at);
    } else {
      sent = send(c->fd, log_bytes + c->at, log_end - c->at, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (sent <= 0) {
      struct epoll_event e = {EPOLLIN | EPOLLOUT, {.ptr = c}};
      if (!c->watched) epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &e);
      c->watched = 1;
      return;
    }
    c->at += (size_t)sent;
  }
}

static void open_batch(void) {
  batch_begin = filled;
  batch_offset = source_offset;
  batch_has_keyframe = 0;
  filled += websocket ? frame_header_size : 0;
}

static void flush_batch(void) {
  size_t head = websocket ? frame_header_size : 0;
  if (filled == batch_begin + head) return;
  if (websocket) put_frame_header(log_bytes + batch_begin, filled - batch_begin - head);
  if (batch_has_keyframe) join = batch_begin, join_offset = batch_offset;
  log_end = filled;
  for (size_t i = 0; i < client_count; ++i)
    if (clients[i]->asked && !clients[i]->watched) send_some(clients[i]);
  overdue = 0;
  open_batch();
}

/* The source: an HTTP-FLV response of the origin. */
static int source_fd;
static uint8_t source_head[8192];
static size_t source_head_got, preface_left, tag_got, tag_size;
static uint8_t tag_head[16];

static void on_tag_end(void) {
  int video = tag_head[0] == 9;
  if (video && tag_head[11] >> 4 == 1) batch_has_keyframe = 1;
  tag_got = tag_size = 0;
  if (how == each_tag || (how == each_frame && video) || overdue) flush_batch();
}

static void take_media(const uint8_t* bytes, size_t size) {
  while (size > 0) {
    size_t n = 1;
    if (tag_got >= 12 && tag_size - tag_got < size)
      n = tag_size - tag_got;
    else if (tag_got >= 12)
      n = size;
    if (tag_got < 12) tag_head[tag_got] = bytes[0];
    memcpy(log_bytes + filled, bytes, n);
    filled += n, tag_got += n, source_offset += n, bytes += n, size -= n;
    if (tag_got == 4) tag_size = 15 + ((size_t)tag_head[1] << 16 | (size_t)tag_head[2] << 8 | tag_head[3]);
    if (tag_got >= 12 && tag_got == tag_size) on_tag_end();
    if (filled > log_capacity - (1 << 24)) exit(0);
  }
}

static void on_source(void) {
  static uint8_t buffer[1 << 18];
  ssize_t got = recv(source_fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) exit(0);
  uint8_t *at = buffer, *end = buffer + got;
  while (at < end && preface_size == 0) {
    source_head[source_head_got++] = *at++;
    if (source_head_got < 4 || memcmp(source_head + source_head_got - 4, "\r\n\r\n", 4) != 0) continue;
    source_head[source_head_got] = 0;
    char* place = strstr((char*)source_head, "Sluice-Log: ");
    unsigned long long begin = 0, size = 0;
    if (!place || sscanf(place, "Sluice-Log: %31[0-9];%llu;%llu", epoch, &begin, &size) != 3) {
      fprintf(stderr, "floor: the origin answered %.60s\n", source_head);
      exit(1);
    }
    source_offset = begin;
    preface_size = preface_left = size;
    open_batch();
  }
  for (; at < end && preface_left > 0; ++at)
    preface[preface_size - preface_left--] = *at;
  take_media(at, (size_t)(end - at));
}

static void answer(struct client* c) {
  char head[512];
  int n = snprintf(head, sizeof head, "HTTP/1.1 %sSluice-Log: %s;%llu;%zu\r\n\r\n",
                   websocket ? "101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               /* of the key of RFC 6455's example, which the load client sends */
                               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                             : "200 OK\r\nContent-Type: video/x-flv\r\nConnection: close\r\n",
                   epoch, (unsigned long long)join_offset, preface_size);
  uint8_t first[sizeof preface + frame_header_size];
  size_t size = websocket ? put_frame_header(first, preface_size) : 0;
  memcpy(first + size, preface, preface_size);
  send(c->fd, head, (size_t)n, MSG_NOSIGNAL);
  send(c->fd, first, size + preface_size, MSG_NOSIGNAL);
  c->asked = 1;
  c->at = join;
  send_some(c);
}

static void drop(struct client* c) {
  for (size_t i = 0; i < client_count; ++i)
    if (clients[i] == c) clients[i] = clients[--client_count];
  close(c->fd);
  free(c);
}

static void on_client(struct client* c, uint32_t events) {
  if (events & (EPOLLERR | EPOLLHUP)) return drop(c);
  if (events & EPOLLIN) {
    char* to = c->asked ? c->request : c->request + c->request_got;
    size_t room = c->asked ? request_size : request_size - 1 - c->request_got;
    ssize_t got = recv(c->fd, to, room, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return drop(c);
    if (!c->asked && got > 0) {
      c->request_got += (size_t)got;
      c->request[c->request_got] = 0;
      if (strstr(c->request, "\r\n\r\n") && join != SIZE_MAX) answer(c);
    }
  }
  if (events & EPOLLOUT) {
    struct epoll_event e = {EPOLLIN, {.ptr = c}};
    epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &e);
    c->watched = 0;
    send_some(c);
  }
}

static void accept_one(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  if (fd < 0) return;
  if (client_count == most_clients) {
    close(fd);
    return;
  }
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct client* c = calloc(1, sizeof *c);
  c->fd = fd;
  clients[client_count++] = c;
  struct epoll_event e = {EPOLLIN, {.ptr = c}};
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &e);
}

static int listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in at = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr*)&at, sizeof at) != 0 || listen(fd, 4096) != 0) die("floor: listen");
  return fd;
}

static void follow(int port, const char* path) {
  char ask[512];
  struct sockaddr_in at = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  source_fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(source_fd, (struct sockaddr*)&at, sizeof at) != 0) die("floor: connect to the origin");
  int n = snprintf(ask, sizeof ask, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);
  if (send(source_fd, ask, (size_t)n, 0) != n) die("floor: ask the origin");
}

int main(int count, char** words) {
  if (count != 7) {
    fputs("usage: sluice_floor ws|http tag|frame|MILLISECONDS send|sendfile PORT ORIGIN-PORT PATH\n", stderr);
    return 2;
  }
  websocket = strcmp(words[1], "ws") == 0;
  how = strcmp(words[2], "tag") == 0 ? each_tag : strcmp(words[2], "frame") == 0 ? each_frame : each_interval;
  interval_ms = how == each_interval ? atof(words[2]) : 0;
  use_sendfile = strcmp(words[3], "sendfile") == 0;
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  log_file = memfd_create("floor", 0);
  if (log_file < 0 || ftruncate(log_file, log_capacity) != 0) die("floor: memory");
  log_bytes = mmap(NULL, log_capacity, PROT_READ | PROT_WRITE, MAP_SHARED, log_file, 0);
  if (log_bytes == MAP_FAILED) die("floor: memory");

  poll_fd = epoll_create1(0);
  int listener = listen_on(atoi(words[4]));
  follow(atoi(words[5]), words[6]);
  struct epoll_event of_listener = {EPOLLIN, {.ptr = &listener}}, of_source = {EPOLLIN, {.ptr = &source_fd}};
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &of_listener);
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, source_fd, &of_source);
  puts("ready");
  fflush(stdout);

  double due = now_ms() + interval_ms;
  for (;;) {
    double left = due - now_ms();
    int wait = how == each_interval ? (left > 0 ? (int)left + 1 : 0) : -1;
    struct epoll_event events[512];
    int n = epoll_wait(poll_fd, events, 512, wait);
    for (int i = 0; i < n; ++i) {
      if (events[i].data.ptr == &listener)
        accept_one(listener);
      else if (events[i].data.ptr == &source_fd)
        on_source();
      else
        on_client(events[i].data.ptr, events[i].events);
    }
    if (how == each_interval && now_ms() >= due) {
      due += interval_ms;
      if (tag_got == 0)
        flush_batch();
      else
        overdue = 1; /* a batch ends with a tag, so that a join begins with one */
    }
  }
}
