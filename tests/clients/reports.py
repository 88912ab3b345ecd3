"""Reads reports as those do who take them: `reports.py KIND FILE...` prints what was understood, as JSON; what is not understood ends it."""
import base64
import json
import sys


def junit(schema, *files):
    """By the schema that Azure DevOps names, and by a parser."""
    from junitparser import JUnitXml
    from lxml import etree

    known = etree.XMLSchema(etree.parse(schema))
    told = []
    for file in files:
        known.assertValid(etree.parse(file))
        suites = []
        for suite in JUnitXml.fromfile(file):
            cases = [
                {
                    "name": case.name,
                    "class": case.classname,
                    "time": case.time,
                    "results": [{"kind": type(result).__name__, "type": result.type, "message": result.message} for result in case.result],
                }
                for case in suite
            ]
            counts = {"tests": suite.tests, "failures": suite.failures, "errors": suite.errors}
            properties = {each.name: each.value for each in suite.properties()}
            suites.append({"name": suite.name, "counts": counts, "cases": cases, "properties": properties, "out": suite._elem.findtext("system-out")})
        told.append(suites)
    return told


def oscal(*files):
    from trestle.oscal.assessment_results import Model

    told = []
    for file in files:
        with open(file, encoding="utf-8") as text:
            whole = Model.model_validate(json.load(text)).assessment_results
        result = whole.results[0]
        findings = [
            {
                "target": finding.target.target_id,
                "state": finding.target.status.state.value,
                "remarks": finding.target.status.remarks,
                "verdict": [each.value for each in finding.props if each.name == "verdict"],
            }
            for finding in result.findings
        ]
        told.append({"findings": findings, "observations": len(result.observations), "start": result.start.isoformat()})
    return told


def markdown(*files):
    """The structure that two engines see."""
    import cmarkgfm
    from lxml import html
    from markdown_it import MarkdownIt

    # As GitHub itself, which takes out dangerous HTML only after that: so what is there is seen.
    engines = [
        lambda source: cmarkgfm.github_flavored_markdown_to_html(source, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE),
        MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render,
    ]
    told = []
    for file in files:
        with open(file, encoding="utf-8") as text:
            source = text.read()
        seen = []
        for render in engines:
            page = html.fromstring("<div>" + render(source) + "</div>")
            tables = [[len(row.xpath("./th|./td")) for row in table.iter("tr")] for table in page.iter("table")]
            headings = [[each.tag, each.text_content().strip()] for each in page.iter("h1", "h2", "h3", "h4")]
            elements = sorted({each.tag for each in page.iter() if isinstance(each.tag, str)})
            comments = sum(1 for each in page.iter() if not isinstance(each.tag, str))
            # GitHub makes a link of each address that it sees; what shows something else than where it leads is not one of those.
            links = [each.get("href") for each in page.iter("a") if each.text_content() != each.get("href")]
            code = [each.text_content().rstrip("\n") for each in page.iter("pre")]
            text = " ".join(page.text_content().split())
            seen.append({"tables": tables, "headings": headings, "elements": elements, "comments": comments, "links": links, "code": code, "text": text})
        told.append(seen)
    return told


def slack(*files):
    from slack_sdk.models.blocks import Block

    told = []
    for file in files:
        with open(file, encoding="utf-8") as text:
            message = json.load(text)
        blocks = Block.parse_all(message["blocks"])
        for block in blocks:
            block.validate_json()
        # What the library knows of each is all that is there.
        same = [block.to_dict() for block in blocks] == message["blocks"]
        told.append({"blocks": [block.type for block in blocks], "same": same})
    return told


def otlp(*files):
    """OTLP's JSON is protobuf's, but that identifiers are hexadecimal."""
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    def as_protobuf(value):
        if isinstance(value, list):
            return [as_protobuf(each) for each in value]
        if not isinstance(value, dict):
            return value
        identifiers = ("traceId", "spanId", "parentSpanId")
        return {
            key: base64.b64encode(bytes.fromhex(each)).decode() if key in identifiers else as_protobuf(each) for key, each in value.items()
        }

    told = []
    for file in files:
        with open(file, encoding="utf-8") as text:
            request = json_format.ParseDict(as_protobuf(json.load(text)), ExportTraceServiceRequest())
        spans = [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]
        told.append(
            [
                {
                    "name": span.name,
                    "trace": span.trace_id.hex(),
                    "id": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "start": span.start_time_unix_nano,
                    "end": span.end_time_unix_nano,
                    "status": span.status.code,
                    "attributes": {each.key: each.value.string_value for each in span.attributes},
                    "events": [{each.key: each.value.string_value for each in event.attributes} for event in span.events],
                }
                for span in spans
            ]
        )
    return told


def schema(file, *instances):
    """For each instance the number of its values (one a line in .jsonl) and what is wrong with them."""
    from jsonschema import Draft202012Validator

    with open(file, encoding="utf-8") as text:
        known = json.load(text)
    Draft202012Validator.check_schema(known)
    validator = Draft202012Validator(known)
    told = []
    for instance in instances:
        with open(instance, encoding="utf-8") as text:
            values = [json.loads(line) for line in text if line.strip()] if instance.endswith(".jsonl") else [json.load(text)]
        wrong = []
        for value in values:
            for error in validator.iter_errors(value):
                deep = [f"{'/'.join(map(str, each.absolute_path))}: {each.message}"[:300] for each in (error.context or [])[:4]]
                wrong.append([f"{'/'.join(map(str, error.absolute_path))}: {error.message}"[:300], *deep])
        told.append({"values": len(values), "wrong": wrong[:5]})
    return told


print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
