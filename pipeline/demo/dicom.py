"""Write a case's picture as a DICOM file, as MIMIC-CXR has them: 12 bits, not compressed."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.demo.cases import Film

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset

BITS_STORED = 12
# Stored value of black, and steps of it a grey value: the window below turns them into 0 .. 255.
BLACK, STEP = 300, 12
DIGITAL_XRAY_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"


def write_dicom(case: Film, picture: NDArray[np.uint8], path: Path, *, inverted: bool) -> None:
    """Write one picture as displayed, bone bright; the same case and picture give the same bytes.

    With `inverted` it is stored as MONOCHROME1, where low values are bright; it is displayed as the
    same picture. All ids are synthetic.
    """
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(DIGITAL_XRAY_FOR_PRESENTATION)
    meta.MediaStorageSOPInstanceUID = UID(uid(f"image {case.dicom_id}"))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(uid("gazescribe demo"))
    meta.ImplementationVersionName = "GAZESCRIBE_DEMO"
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    _describe(dataset, case)
    _put_pixels(dataset, picture, inverted=inverted)
    with replacing(path) as beside:
        dataset.save_as(beside, enforce_file_format=True)


def uid(name: str) -> str:
    """Give the unique identifier of a name, under the root of identifiers made from a UUID."""
    digest = hashlib.blake2b(f"gazescribe synthetic {name}".encode(), digest_size=16).digest()
    return f"2.25.{int.from_bytes(digest, 'big')}"


def _describe(dataset: "FileDataset", case: Film) -> None:
    dataset.SOPClassUID = DIGITAL_XRAY_FOR_PRESENTATION
    dataset.SOPInstanceUID = uid(f"image {case.dicom_id}")
    dataset.StudyInstanceUID = uid(f"study {case.study_id}")
    dataset.SeriesInstanceUID = uid(f"series {case.dicom_id}")
    dataset.PatientName = "SYNTHETIC^DEMO"
    dataset.PatientID = str(case.subject_id)
    dataset.StudyID = str(case.study_id)
    dataset.AccessionNumber = ""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Synthetic: no patient was imaged"
    dataset.Modality = "DX"
    dataset.BodyPartExamined = "CHEST"
    dataset.ViewPosition = case.view
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.BurnedInAnnotation = "NO"


def _put_pixels(dataset: "Dataset", picture: NDArray[np.uint8], *, inverted: bool) -> None:
    white = BLACK + STEP * 255
    stored = picture.astype("<u2") * np.uint16(STEP)
    stored = np.uint16(white) - stored if inverted else stored + np.uint16(BLACK)
    dataset.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    dataset.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    dataset.SamplesPerPixel = 1
    dataset.Rows, dataset.Columns = picture.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, BITS_STORED, BITS_STORED - 1
    dataset.PixelRepresentation = 0
    # DICOM PS3.3 C.11.2.1.2.1: the first value is black at c - 0.5 - (w - 1) / 2.
    dataset.WindowCenter = (BLACK + white) / 2 + 0.5
    dataset.WindowWidth = white - BLACK + 1
    dataset.PixelData = stored.astype("<u2").tobytes()
