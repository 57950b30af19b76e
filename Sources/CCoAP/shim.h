#pragma once
#include <sys/epoll.h>
#include <coap3/coap.h>
