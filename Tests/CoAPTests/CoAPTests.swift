import Testing

/// One after the other: libcoap formats addresses into static buffers, so one process may use it
/// from one thread only.
@Suite(.serialized) struct CoAPTests {}
