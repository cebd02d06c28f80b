/* LD_PRELOAD: each fsync and fdatasync is told to the socket that SYNCED_SOCKET names, as
   "<process> <descriptor>", and waits there for a byte before it returns. See test_power_cut.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void tell(int descriptor)
{
    const char *path = getenv("SYNCED_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char line[64], answer;
    int kept = errno, wire = path ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    if (wire < 0)
        return;
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (connect(wire, (struct sockaddr *)&address, sizeof address) == 0) {
        int length = snprintf(line, sizeof line, "%d %d\n", (int)getpid(), descriptor);
        if (write(wire, line, length) == length)
            while (read(wire, &answer, 1) < 0 && errno == EINTR)
                ;
    }
    close(wire);
    errno = kept;
}

int fsync(int descriptor)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int result = real(descriptor);
    if (result == 0)
        tell(descriptor);
    return result;
}

int fdatasync(int descriptor)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int result = real(descriptor);
    if (result == 0)
        tell(descriptor);
    return result;
}
