/* The fan-out in C: copy, stamp and encrypt each packet for each outlet, send in trains (UDP GSO)
 * and many trains in one sendmmsg. Optional; media/fan.py does the same in Python. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#define UDP_LEVEL 17
#define SLOTS 256
#define SLOT_SIZE 2048
#define MESSAGES 128
#define TRAIN 40

typedef int (*protect_fn)(void *srtp, void *packet, int *length);

/* Must agree with Record in media/outlet.py. */
struct outlet {
    void *srtp;
    uint64_t sent;
    uint32_t ssrc, ts_offset;
    uint16_t seq_offset;
    uint8_t payload_type, tag;
    uint32_t name_size;
    uint8_t name[32];
};

/* Must agree with HEAD in media/native.py. */
struct head {
    uint32_t size, timestamp;
    uint16_t marker, seq;
};

struct fan {
    protect_fn protect;
    uint64_t dropped;
    int fd, trains, slot, message;
    struct mmsghdr messages[MESSAGES];
    struct iovec vectors[SLOTS];
    union {
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr align;
    } controls[MESSAGES];
    uint8_t slots[SLOTS][SLOT_SIZE];
};

struct fan *fan_new(int fd, void *protect, int trains) {
    struct fan *fan = calloc(1, sizeof *fan);
    if (!fan)
        return NULL;
    fan->fd = fd;
    fan->protect = (protect_fn)protect;
    fan->trains = trains;
    for (int i = 0; i < SLOTS; i++)
        fan->vectors[i].iov_base = fan->slots[i];
    return fan;
}

void fan_free(struct fan *fan) { free(fan); }
uint64_t fan_dropped(const struct fan *fan) { return fan->dropped; }
int fan_trains(const struct fan *fan) { return fan->trains; }

static void send_singly(struct fan *fan, struct msghdr *train) {
    struct msghdr one = *train;
    one.msg_control = NULL;
    one.msg_controllen = 0;
    one.msg_iovlen = 1;
    for (size_t i = 0; i < train->msg_iovlen; i++) {
        one.msg_iov = train->msg_iov + i;
        if (sendmsg(fan->fd, &one, MSG_DONTWAIT) < 0)
            fan->dropped++;
    }
}

void fan_flush(struct fan *fan) {
    int first = 0, count = fan->message;
    fan->message = fan->slot = 0;
    while (first < count) {
        int sent = sendmmsg(fan->fd, fan->messages + first, count - first, MSG_DONTWAIT);
        if (sent > 0) {
            first += sent;
            continue;
        }
        if (errno == EINTR)
            continue;
        struct msghdr *refused = &fan->messages[first].msg_hdr;
        if (refused->msg_iovlen > 1 && (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP)) {
            fan->trains = 0;
            send_singly(fan, refused);
        } else {
            fan->dropped += refused->msg_iovlen;
        }
        first++;
    }
}

static void queue(struct fan *fan, struct outlet *outlet, int slot, int count, int segment) {
    struct msghdr *message = &fan->messages[fan->message].msg_hdr;
    memset(message, 0, sizeof *message);
    message->msg_name = outlet->name;
    message->msg_namelen = outlet->name_size;
    message->msg_iov = fan->vectors + slot;
    message->msg_iovlen = count;
    if (count > 1) {
        message->msg_control = fan->controls[fan->message].bytes;
        message->msg_controllen = sizeof fan->controls[0].bytes;
        struct cmsghdr *control = CMSG_FIRSTHDR(message);
        control->cmsg_level = UDP_LEVEL;
        control->cmsg_type = UDP_SEGMENT;
        control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        uint16_t size = segment;
        memcpy(CMSG_DATA(control), &size, sizeof size);
    }
    fan->message++;
}

static void stamp(uint8_t *packet, const struct head *head, const struct outlet *outlet) {
    uint16_t kind = head->marker | outlet->payload_type, seq = head->seq + outlet->seq_offset;
    uint32_t time = head->timestamp + outlet->ts_offset, ssrc = outlet->ssrc;
    const uint8_t stamped[12] = {kind >> 8, kind,       seq >> 8,  seq,        time >> 24, time >> 16,
                                 time >> 8, time, ssrc >> 24, ssrc >> 16, ssrc >> 8,  ssrc};
    memcpy(packet, stamped, sizeof stamped);
}

/* Encrypt the packets for one outlet into the next slots; how many of them held. */
static int fill(struct fan *fan, const uint8_t *packet, const struct head *heads, int count,
                struct outlet *outlet) {
    for (int i = 0; i < count; i++) {
        uint8_t *slot = fan->slots[fan->slot + i];
        int length = heads[i].size;
        memcpy(slot, packet, length);
        packet += length;
        stamp(slot, &heads[i], outlet);
        if (fan->protect(outlet->srtp, slot, &length))
            return i;
        fan->vectors[fan->slot + i].iov_len = length;
    }
    return count;
}

/* Send at most TRAIN packets, one behind the other in memory, to every outlet. */
void fan_forward(struct fan *fan, const uint8_t *packets, const struct head *heads, int count,
                 struct outlet **outlets, int listeners) {
    for (int o = 0; o < listeners; o++) {
        struct outlet *outlet = outlets[o];
        if (fan->slot + count > SLOTS || fan->message + count > MESSAGES)
            fan_flush(fan);
        int held = fill(fan, packets, heads, count, outlet);
        for (int first = 0, next; first < held; first = next) {
            uint32_t size = heads[first].size;
            for (next = first + 1; fan->trains && next < held; next++)
                if (heads[next].size > size || heads[next - 1].size < size)
                    break;
            queue(fan, outlet, fan->slot + first, next - first, size + outlet->tag);
        }
        fan->slot += held;
        outlet->sent += held;
        fan->dropped += count - held;
    }
}

void fan_push(struct fan *fan, const uint8_t *packet, int size, struct outlet *outlet) {
    if (fan->slot >= SLOTS || fan->message >= MESSAGES)
        fan_flush(fan);
    uint8_t *slot = fan->slots[fan->slot];
    memcpy(slot, packet, size);
    if (fan->protect(outlet->srtp, slot, &size))
        return;
    fan->vectors[fan->slot].iov_len = size;
    queue(fan, outlet, fan->slot++, 1, 0);
    outlet->sent++;
}
