"""Reads spans in JSON, as an exporter sent them, a line for each request, by OpenTelemetry's own definitions."""
import base64
import json
import sys

try:
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
except ImportError as error:
    print(f"PyPI opentelemetry-proto is missing: {error}")
    sys.exit(77)

lines = open(sys.argv[1]).read().split("\n")

def with_bytes(value):
    """OTLP writes names of traces and spans in hexadecimal digits, protobuf's own JSON bytes in base64."""
    if isinstance(value, list):
        return [with_bytes(each) for each in value]
    if not isinstance(value, dict):
        return value
    names = ("traceId", "spanId", "parentSpanId")
    return {key: base64.b64encode(bytes.fromhex(each)).decode() if key in names else with_bytes(each)
            for key, each in value.items()}


# Unknown names and values of other types are errors.
spans = []
for line in lines:
    request = json_format.ParseDict(with_bytes(json.loads(line)), ExportTraceServiceRequest())
    assert len(request.resource_spans) == 1 and len(request.resource_spans[0].scope_spans) == 1
    resource = {each.key: each.value.string_value for each in request.resource_spans[0].resource.attributes}
    assert resource["service.name"] == "chat", resource
    spans += request.resource_spans[0].scope_spans[0].spans
assert [span.name for span in spans].count("POST /v1/chat/completions") == 2, spans
children = [span for span in spans if span.name in ("queue", "prefill", "decode")]
root = next(span for span in spans if span.span_id == children[0].parent_span_id)
assert len(children) == 3 and all(child.kind == Span.SPAN_KIND_INTERNAL for child in children)
assert root.kind == Span.SPAN_KIND_SERVER and root.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
assert root.parent_span_id.hex() == "b7ad6b7169203331" and root.flags == 1
assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)
attributes = {each.key: each.value for each in root.attributes}
assert attributes["gen_ai.usage.input_tokens"].int_value == 9, attributes
assert attributes["gen_ai.response.finish_reasons"].array_value.values[0].string_value == "stop", attributes
assert root.status.code == Status.STATUS_CODE_UNSET
print(f"{len(spans)} spans are read alike")
