/* The laboratory server to compare with: libcoap, one PUT handler for every path, nothing behind it.
 *
 *   bare process PORT    coap_io_process, as the manual shows
 *   bare batched PORT    own epoll_wait, then coap_io_do_epoll with the socket's event repeated */
#include <arpa/inet.h>
#include <coap3/coap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { BATCH = 64 };

static void answer(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
                   const coap_string_t *query, coap_pdu_t *response) {
    size_t length;
    const uint8_t *payload;
    (void)resource, (void)session, (void)query;
    coap_get_data(request, &length, &payload);
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CHANGED);
}

static void ignore(coap_log_t level, const char *message) { (void)level, (void)message; }

int main(int argc, char **argv) {
    coap_address_t address;
    if (argc != 3) return 2;
    coap_startup();
    coap_set_log_handler(ignore);
    coap_address_init(&address);
    address.addr.sin.sin_family = AF_INET;
    address.addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.addr.sin.sin_port = htons((uint16_t)atoi(argv[2]));
    coap_context_t *context = coap_new_context(NULL);
    if (!context || !coap_new_endpoint(context, &address, COAP_PROTO_UDP)) return 1;
    coap_resource_t *resource = coap_resource_unknown_init(answer);
    coap_add_resource(context, resource);
    puts("ready");
    fflush(stdout);
    if (!strcmp(argv[1], "process"))
        for (;;) coap_io_process(context, COAP_IO_WAIT);
    int fd = coap_context_get_coap_fd(context);
    for (;;) {
        struct epoll_event events[8], repeated[8 * BATCH];
        int n = epoll_wait(fd, events, 8, 250), m = 0;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < BATCH; j++) repeated[m++] = events[i];
        if (m) coap_io_do_epoll(context, repeated, (size_t)m);
    }
}
