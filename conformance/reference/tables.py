"""Facts the platform needs to describe a document to the DMP: class by type, format by model, codes by stay.

Sources: ASS_X16 (type to class, DMP, 2024-02-23), ASS_A11 and ASS_A12 (format), volet transmission mapping (PV1-2).
"""

from __future__ import annotations

from conformance.reference.values import Cda, Coded

CLASS_SYSTEM = "1.2.250.1.213.1.1.4.1"
_CLASSES = {
    "10": "Compte rendu",
    "11": "Synthèse",
    "31": "Imagerie médicale",
    "42": "Prescription",
    "43": "Dispensation",
    "44": "Plan de soins, protocole de soins",
    "45": "Traitement administré",
    "52": "Certificat, déclaration",
    "60": "Données de remboursement",
    "90": "Autres documents déposés par le patient",
    "95": "Autre document",
}
_TYPES = {
    "10": "11488-4 11490-0 11502-2 11505-5 11506-3 11526-1 15507-7 15508-5 28653-4 29274-8 34112-3 34749-2 34794-8 "
    "34874-8 34875-5 47420-5 51969-4 59283-2 60568-3 67851-6 70004-7 75482-0 75492-9 75496-0 77436-4 78513-9 "
    "78601-2 83981-1 85208-7 93024-8 96349-6 BIL_AUTO DOCPAT03 DOCPAT05 DOCPAT06",
    "11": "18761-7 34133-9 34842-5 56445-0 57055-6 57057-2 57075-4 60591-5 68599-0 68817-6 74207-2 78489-2 80820-4 "
    "83836-7 83901-9 88348-8 89235-6 SYNTH DOCPAT01 DOCPAT08",
    "31": "18748-4 52040-3 85895-1 IMG-KOS DOCPAT04",
    "42": "55115-0 57828-6 57832-8 57833-6 61357-0 75468-9 PRESC-AAT PRESC-BIO PRESC-INF PRESC-KINE PRESC-ORTHOPHO "
    "PRESC-ORTHOPTIE PRESC-PEDI DOCPAT02",
    "43": "60593-1 DISP_AUT",
    "44": "18776-5 77604-7 80771-9 80788-3 83869-8 PROT_ALD",
    "45": "80565-5",
    "52": "11369-6 87273-9 89601-9 96173-0 96874-3 CERT_DECL DOCPAT07",
    "60": "REMB",
    "90": "74465-6 EXPPAT_1 EXPPAT_2 EXPPAT_3",
    "95": "59284-0 86531-1 AUTORIS-SOINS ATTEST-RESID ATTEST-DROITS-AM ATTEST-ASS-COMPL ATTEST-HEBGT DOCPAT09",
}
_CLASS_OF = {type_: code for code, types in _TYPES.items() for type_ in types.split()}

_IHE, _FRENCH = "1.3.6.1.4.1.19376.1.2.3", "1.2.250.1.213.1.1.4.2.282"
_BODY_FORMATS = {
    "application/pdf": "urn:ihe:iti:xds-sd:pdf:2008",
    "text/plain": "urn:ihe:iti:xds-sd:text:2008",
    "text/rtf": "urn:ihe:iti-fr:xds-sd:rtf:2010",
    "image/jpeg": "urn:ihe:iti-fr:xds-sd:jpeg:2010",
    "image/tiff": "urn:ihe:iti-fr:xds-sd:tiff:2010",
}
_MODELS = "1.2.250.1.213.1.1.1."
_MODEL_FORMATS = {
    f"{_MODELS}8": "urn:asip:ci-sis:frcp:2011",
    f"{_MODELS}13": "urn:asip:ci-sis:vsm:2012",
    f"{_MODELS}21": "urn:asip:ci-sis:ldl-ees:2017",
    f"{_MODELS}29": "urn:asip:ci-sis:ldl-ses:2017",
    f"{_MODELS}37": "urn:asip:ci-sis:vac:2019",
    f"{_MODELS}39": "urn:ihe:pharm:pre:2010",
    f"{_MODELS}40": "urn:asip:ci-sis:cr-anest:2020",
    f"{_MODELS}45": "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013",
    f"{_MODELS}46": "urn:asip:ci-sis:vac-note:2021",
    f"{_MODELS}47": "urn:ans:ci-sis:img-da:2022",
    f"{_MODELS}51": "urn:ihe:pcc:ips:2020",
    f"{_MODELS}54": "urn:ihe:pharm:dis:2010",
    f"{_MODELS}55": "urn:ihe:lab:xd-lab:2008",
    "1.3.6.1.4.1.19376.1.3.3": "urn:ihe:lab:xd-lab:2008",
}
STAY_SYSTEM = "1.2.250.1.213.2.2"
_STAYS = {
    "I": Coded("03", "Hospitalisation", STAY_SYSTEM),
    "O": Coded("07", "Consultation", STAY_SYSTEM),
    "E": Coded("07", "Consultation", STAY_SYSTEM),
    "R": Coded("19", "Séance", STAY_SYSTEM),
    "N": Coded("97", "Hors prise en charge", STAY_SYSTEM),
}


def class_of(document: Cda) -> Coded:
    """The classCode deduced from the typeCode; an unknown type is another document (95)."""
    code = _CLASS_OF.get(document.type.code, "95")
    return Coded(code, _CLASSES[code], CLASS_SYSTEM)


def format_of(document: Cda) -> Coded:
    """The formatCode: from the media of an N1 body, from the document model of an N3."""
    if document.level == "N1":
        return Coded(code := _BODY_FORMATS.get(document.media, _BODY_FORMATS["application/pdf"]), code, _IHE)
    found = next((_MODEL_FORMATS[t] for t in document.templates if t in _MODEL_FORMATS), "urn:ihe:pcc:xds-ms:2007")
    return Coded(found, found, _IHE if found.startswith("urn:ihe:") else _FRENCH)


def stay_of(patient_class: str) -> Coded:
    """The contentTypeCode of a submission set, from PV1-2; a hospital stay when nothing is said."""
    return _STAYS.get(patient_class, _STAYS["I"])
