"""What a preset makes, how well, and what it can do. Not for how jobs stand: that is the job's."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ContentType(models.TextChoices):
    IMAGE = "image", _("Image")
    VIDEO = "video", _("Video")


class Quality(models.TextChoices):
    FAST = "fast", _("Fast")
    HIGH = "high", _("High")


class Capability(models.TextChoices):
    """What a preset can do; it decides which references and which settings it takes."""

    TEXT_TO_IMAGE = "text_to_image", _("Image from words")
    IMAGE_TO_IMAGE = "image_to_image", _("Image from an image")
    INPAINT = "inpaint", _("Repaint a part")
    EDIT = "edit", _("Edit by instruction")
    UPSCALE = "upscale", _("Upscale")
    TEXT_TO_VIDEO = "text_to_video", _("Video from words")
    IMAGE_TO_VIDEO = "image_to_video", _("Video from an image")
    CONTINUE_VIDEO = "continue_video", _("Continue a video")
    UPSCALE_VIDEO = "upscale_video", _("Upscale a video")
    LORA = "lora", _("LoRA")
    VARIATION = "variation", _("Variations")
