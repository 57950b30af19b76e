/* Load generator: many CoAP peers, each its own UDP socket, against one server on loopback.
 *
 *   load --port P [--peers N] [--outstanding K] [--seconds S] [--records R] [--rate MESSAGES/S]
 *        [--hot-every M] [--twin-every M]
 *
 * Closed loop (no --rate): K confirmable PUTs are in flight at any time, spread evenly over the peers.
 * Open loop (--rate): messages leave on a schedule whatever comes back.
 * --records R > 1 sends SenML packs of R records to /telemetry/{device}, else one record to
 * /telemetry/{device}/temperature.
 * --hot-every M makes every M-th message a hot reading and waits for the command it causes: the
 * time from the reading to the command's arrival is the decision latency, and the time from there to
 * the acknowledged reading of the obeying device's report the rest of the round trip.
 * --twin-every M reads the twin back after every M-th message until it shows the value sent.
 *
 * Prints one JSON object. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS_MAX = 16, MESSAGE_MAX = 1400, SAMPLES_MAX = 1 << 20, RETRY_NS = 2000000000 };

struct slot { int used; uint16_t mid; uint64_t sent_at; };

struct peer {
    int fd;
    uint16_t mid;
    int register_mid, twin_mid, twin_value;
    uint64_t hot_at, twin_at;
    struct slot slots[SLOTS_MAX];
};

static struct peer *peers;
static int slots_per_peer = 1, peer_count = 64, outstanding = 256, records = 1, port = 5683, hot_every, twin_every;
static double seconds = 3, rate;
static uint64_t answered, refused, resent, sent;
static const char *refused_code = "";

struct samples { uint32_t *micros; size_t count; };
static struct samples latency, decision, visibility;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void add(struct samples *s, uint64_t ns) {
    if (!s->micros) s->micros = malloc(SAMPLES_MAX * sizeof *s->micros);
    if (s->count < SAMPLES_MAX) s->micros[s->count++] = (uint32_t)(ns / 1000);
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void print(const char *name, struct samples *s) {
    if (!s->count) return;
    qsort(s->micros, s->count, sizeof *s->micros, ascending);
    printf(", \"%s\": {\"count\": %zu, \"p50_us\": %u, \"p99_us\": %u, \"max_us\": %u}", name,
           s->count, s->micros[s->count / 2], s->micros[s->count * 99 / 100],
           s->micros[s->count - 1]);
}

static uint8_t *option(uint8_t *p, int delta, const void *value, size_t length) {
    *p++ = (uint8_t)((delta < 13 ? delta : 13) << 4 | (length < 13 ? length : 13));
    if (delta >= 13) *p++ = (uint8_t)(delta - 13);
    if (length >= 13) *p++ = (uint8_t)(length - 13);
    memcpy(p, value, length);
    return p + length;
}

static uint8_t *header(uint8_t *p, int code, uint16_t mid) {
    uint8_t bytes[] = {0x44, (uint8_t)code, (uint8_t)(mid >> 8), (uint8_t)mid,
                       (uint8_t)(mid >> 8), (uint8_t)mid, 0x5a, 0xa5};
    memcpy(p, bytes, sizeof bytes);
    return p + sizeof bytes;
}

static struct slot *free_slot(struct peer *peer) {
    for (int i = 0; i < slots_per_peer; i++)
        if (!peer->slots[i].used) return &peer->slots[i];
    return NULL;
}

static struct slot *slot_of(struct peer *peer, uint16_t mid) {
    for (int i = 0; i < slots_per_peer; i++)
        if (peer->slots[i].used && peer->slots[i].mid == mid) return &peer->slots[i];
    return NULL;
}

static void put(int index, struct slot *slot, double value) {
    struct peer *peer = &peers[index];
    uint8_t message[MESSAGE_MAX], *p = header(message, 3, ++peer->mid), senml_json = 110;
    char device[24];
    snprintf(device, sizeof device, "bench-%05d", index + 1);
    p = option(p, 11, "telemetry", 9);
    p = option(p, 0, device, strlen(device));
    if (records == 1) p = option(p, 0, "temperature", 11);
    p = option(p, 1, &senml_json, 1);
    *p++ = 0xff;
    if (records == 1) {
        p += sprintf((char *)p, "[{\"v\":%.2f}]", value);
    } else {
        *p++ = '[';
        for (int i = 0; i < records; i++)
            p += sprintf((char *)p, "%s{\"n\":\"temperature\",\"v\":%.2f,\"t\":%d}",
                         i ? "," : "", value + i * 0.01, i - records);
        *p++ = ']';
    }
    slot->mid = peer->mid;
    slot->used = 1;
    slot->sent_at = now_ns();
    sent++;
    if (send(peer->fd, message, (size_t)(p - message), 0) < 0 && errno != EAGAIN &&
        errno != ECONNREFUSED)
        perror("send");
}

static void get_twin(int index) {
    struct peer *peer = &peers[index];
    uint8_t message[MESSAGE_MAX], *p = header(message, 1, ++peer->mid);
    char device[24];
    snprintf(device, sizeof device, "bench-%05d", index + 1);
    p = option(p, 11, "twin", 4);
    p = option(p, 0, device, strlen(device));
    peer->twin_mid = peer->mid;
    (void)!send(peer->fd, message, (size_t)(p - message), 0);
}

static void register_device(int index) {
    struct peer *peer = &peers[index];
    struct sockaddr_in me;
    socklen_t length = sizeof me;
    uint8_t message[MESSAGE_MAX], *p = header(message, 2, ++peer->mid);
    char query[48];
    getsockname(peer->fd, (struct sockaddr *)&me, &length);
    p = option(p, 11, "rd", 2);
    p = option(p, 4, query, (size_t)snprintf(query, sizeof query, "ep=bench-%05d", index + 1));
    p = option(p, 0, "lt=3600", 7);
    peer->register_mid = peer->mid;
    (void)!send(peer->fd, message, (size_t)(p - message), 0);
}

/* A command from the gateway: acknowledged with 2.04 under its own Message-ID and token. */
static void obey(int index, const uint8_t *message, ssize_t length) {
    struct peer *peer = &peers[index];
    int token = message[0] & 15;
    uint8_t reply[16] = {(uint8_t)(0x60 | token), 68, message[2], message[3]};
    if (token > 8 || length < 4 + token) return;
    memcpy(reply + 4, message + 4, (size_t)token);
    (void)!send(peer->fd, reply, (size_t)(4 + token), 0);
    if (peer->hot_at) {
        add(&decision, now_ns() - peer->hot_at);
        peer->hot_at = 0;
    }
}

static int drain(int index) {
    struct peer *peer = &peers[index];
    uint8_t message[2048];
    int done = 0;
    ssize_t length;
    while ((length = recv(peer->fd, message, sizeof message - 1, MSG_DONTWAIT)) >= 4) {
        uint16_t mid = (uint16_t)(message[2] << 8 | message[3]);
        int type = message[0] >> 4 & 3;
        if (message[1] >= 1 && message[1] < 32) {
            obey(index, message, length);
        } else if (type == 2 && mid == peer->register_mid && peer->register_mid) {
            peer->register_mid = 0;
            if (message[1] != 65) fprintf(stderr, "registration refused: %d\n", message[1]);
            done++;
        } else if (type == 2 && mid == peer->twin_mid && peer->twin_mid) {
            char expected[32];
            snprintf(expected, sizeof expected, "%d.", peer->twin_value);
            message[length] = 0;
            peer->twin_mid = 0;
            if (memmem(message, (size_t)length, expected, strlen(expected)))
                add(&visibility, now_ns() - peer->twin_at);
            else
                get_twin(index);
        } else if (type == 2 && slot_of(peer, mid)) {
            struct slot *slot = slot_of(peer, mid);
            slot->used = 0;
            add(&latency, now_ns() - slot->sent_at);
            if (message[1] == 68) answered++;
            else {
                static char text[8];
                snprintf(text, sizeof text, "%d.%02d", message[1] >> 5, message[1] & 31);
                refused_code = text;
                refused++;
            }
            done++;
        }
    }
    return done;
}

static void parse(int argc, char **argv) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i];
        double value = atof(argv[i + 1]);
        if (!strcmp(name, "--port")) port = (int)value;
        else if (!strcmp(name, "--peers")) peer_count = (int)value;
        else if (!strcmp(name, "--outstanding")) outstanding = (int)value;
        else if (!strcmp(name, "--seconds")) seconds = value;
        else if (!strcmp(name, "--records")) records = (int)value;
        else if (!strcmp(name, "--rate")) rate = value;
        else if (!strcmp(name, "--hot-every")) hot_every = (int)value;
        else if (!strcmp(name, "--twin-every")) twin_every = (int)value;
        else fprintf(stderr, "load: unknown option %s\n", name), exit(2);
    }
}

static int open_peers(void) {
    struct rlimit limit = {1 << 16, 1 << 16};
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int epoll = epoll_create1(0);
    setrlimit(RLIMIT_NOFILE, &limit);
    peers = calloc((size_t)peer_count, sizeof *peers);
    for (int i = 0; i < peer_count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        peers[i].fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        peers[i].mid = (uint16_t)(i * 7 + getpid());
        if (peers[i].fd < 0 || connect(peers[i].fd, (struct sockaddr *)&server, sizeof server) ||
            epoll_ctl(epoll, EPOLL_CTL_ADD, peers[i].fd, &event))
            perror("load: peer"), exit(1);
    }
    return epoll;
}

static void register_all(int epoll) {
    int done = 0;
    for (int i = 0; i < peer_count; i += 100) {
        int goal = i + 100 < peer_count ? i + 100 : peer_count;
        uint64_t deadline = now_ns() + 2000000000u;
        for (int j = i; j < goal; j++) register_device(j);
        while (done < goal && now_ns() < deadline) {
            struct epoll_event events[256];
            int n = epoll_wait(epoll, events, 256, 10);
            for (int j = 0; j < n; j++) done += drain((int)events[j].data.u32);
        }
    }
    answered = refused = 0;
}

int main(int argc, char **argv) {
    int next = 0, in_flight = 0;
    parse(argc, argv);
    int epoll = open_peers();
    slots_per_peer = rate ? 1 : (outstanding + peer_count - 1) / peer_count;
    if (slots_per_peer > SLOTS_MAX) slots_per_peer = SLOTS_MAX;
    if (hot_every) register_all(epoll);
    uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9), checked = start, now;
    while ((now = now_ns()) < end) {
        struct epoll_event events[512];
        int due = rate ? (int)((double)(now - start) / 1e9 * rate - (double)sent)
                       : outstanding - in_flight;
        for (int tried = 0; due > 0 && tried < peer_count; tried++) {
            int index = next;
            next = (next + 1) % peer_count;
            struct slot *slot = free_slot(&peers[index]);
            if (!slot) continue;
            int hot = hot_every && sent % (uint64_t)hot_every == 0;
            int look = twin_every && sent % (uint64_t)twin_every == 1;
            double value = 20 + (double)(sent % 100) / 10;
            if (hot) value = 95, peers[index].hot_at = now_ns();
            if (look) {
                value = peers[index].twin_value = 40 + (int)(sent / (uint64_t)twin_every % 40);
                peers[index].twin_at = now_ns();
            }
            put(index, slot, value);
            if (look) get_twin(index);
            in_flight++;
            due--;
        }
        int n = epoll_wait(epoll, events, 512, rate ? 1 : 10);
        for (int i = 0; i < n; i++) in_flight -= drain((int)events[i].data.u32);
        if ((now = now_ns()) - checked > RETRY_NS / 4) {
            /* A lost datagram must not end the closed loop: after ACK_TIMEOUT its place is free. */
            for (int i = 0; i < peer_count; i++)
                for (int j = 0; j < slots_per_peer; j++) {
                    struct slot *slot = &peers[i].slots[j];
                    if (slot->used && now - slot->sent_at > RETRY_NS)
                        slot->used = 0, in_flight--, resent++;
                }
            checked = now;
        }
    }
    double elapsed = (double)(now_ns() - start) / 1e9;
    printf("{\"peers\": %d, \"per_second\": %.0f, \"events_per_second\": %.0f, \"sent\": %llu, "
           "\"answered\": %llu, \"refused\": %llu, \"refused_code\": \"%s\", \"timed_out\": %llu",
           peer_count, (double)answered / elapsed, (double)answered * records / elapsed,
           (unsigned long long)sent, (unsigned long long)answered, (unsigned long long)refused,
           refused_code, (unsigned long long)resent);
    print("acknowledgement", &latency);
    print("decision", &decision);
    print("twin_visibility", &visibility);
    printf("}\n");
    return 0;
}
