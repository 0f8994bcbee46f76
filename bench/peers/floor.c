/* The floor: an epoll loop that reads whatever has arrived and sends fixed bytes. What is left is what the kernel costs.
 *
 *     floor PORT FILE [close]
 *
 * One request a read, which holds for a client that waits for the answer. With `close` the connection ends after it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, BUFFER = 65536 };

static char answer[BUFFER];
static size_t answer_size;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void load_answer(const char *path) {
    int file = open(path, O_RDONLY);
    ssize_t size = file < 0 ? -1 : read(file, answer, sizeof answer);
    if (size <= 0)
        fail(path);
    answer_size = (size_t)size;
    close(file);
}

static int listen_on(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int one = 1, server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 1024))
        fail("listen");
    return server;
}

static void watch(int queue, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    if (epoll_ctl(queue, EPOLL_CTL_ADD, descriptor, &event))
        fail("epoll_ctl");
}

static void accept_all(int queue, int server) {
    int one = 1, client;
    while ((client = accept4(server, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        watch(queue, client);
    }
}

static void answer_one(int client, int closes) {
    static char request[BUFFER];
    ssize_t size = recv(client, request, sizeof request, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0 || send(client, answer, answer_size, MSG_NOSIGNAL) != (ssize_t)answer_size || closes)
        close(client);
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: floor PORT FILE [close]\n");
        return 2;
    }
    int closes = count > 3 && strcmp(arguments[3], "close") == 0;
    load_answer(arguments[2]);
    int server = listen_on(atoi(arguments[1])), queue = epoll_create1(EPOLL_CLOEXEC);
    if (queue < 0)
        fail("epoll_create1");
    watch(queue, server);
    for (;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(queue, events, EVENTS, -1);
        for (int number = 0; number < ready; number++) {
            if (events[number].data.fd == server)
                accept_all(queue, server);
            else
                answer_one(events[number].data.fd, closes);
        }
    }
}
