"""Boats and berths."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

SIZES = [("s", _("Small")), ("l", _("Large"))]


class Stamped(models.Model):
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Pier(Stamped):
    """Where boats lie.

    More of it.
    """

    code = models.CharField(max_length=8, primary_key=True)
    size = models.CharField(max_length=1, choices=SIZES, default="s")
    depth = models.DecimalField(
        max_digits=4, decimal_places=1, validators=[MinValueValidator(1), MaxValueValidator(30)]
    )


class Boat(Stamped):
    class Rig(models.TextChoices):
        SLOOP = "SL", _("Sloop")
        KETCH = "KE", _("Ketch")

    class Risk(models.IntegerChoices):
        LOW = 1
        HIGH = 2

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=40, help_text="As it is painted")
    rig = models.CharField(max_length=2, choices=Rig.choices, default=Rig.KETCH)
    risk = models.PositiveSmallIntegerField(choices=Risk)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="boats")
    tender_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL)
    tags = ArrayField(models.CharField(max_length=12), default=list)
    sailors = models.ManyToManyField("Sailor", related_name="boats")
    friends = models.ManyToManyField("self")
    lent_to = models.ManyToManyField("Sailor", through="Loan")
    shape = SomeOtherField()  # noqa: F821

    class Meta:
        db_table = "boats"


class Sailor(models.Model):
    email = models.EmailField(unique=True)
    boss: "Sailor" = models.OneToOneField("harbour.Sailor", null=True, on_delete=models.CASCADE)


class Loan(models.Model):
    boat = models.ForeignKey(Boat, on_delete=models.CASCADE)
    sailor = models.ForeignKey("harbour.Sailor", on_delete=models.CASCADE, db_column="who")
    pier = models.ForeignKey(Pier, on_delete=models.CASCADE)
    start = models.DateField()
    end = models.DateField()
    open = models.BooleanField(default=False)
    fee = models.IntegerField()
    low, high = 1, 2
    lowest = models.IntegerField()
    highest = models.IntegerField()

    class Meta:
        unique_together = ("boat", "start")
        constraints = [
            models.CheckConstraint(condition=Q(fee__gte=10) & Q(fee__lte=90), name="fee"),
            models.CheckConstraint(check=Q(lowest__lt=F("highest")), name="order"),
            models.UniqueConstraint(fields=["sailor"], condition=Q(open=True), name="one_open"),
            models.CheckConstraint(check=Q(start__year=2020), name="odd"),
        ]


class Ferry(Boat):
    seats = models.PositiveIntegerField()


class FastFerry(Ferry):
    class Meta:
        proxy = True


class Old(models.Model):
    class Meta:
        managed = False
