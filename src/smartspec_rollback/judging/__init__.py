"""Thresholds and statistics, pure: samples in, a judgement out.

``wiring`` hands this package to the engine as its judges. Missing or damaged data never passes.
"""

from smartspec_rollback.judging.judgement import Judgement
from smartspec_rollback.judging.recovery import judge_recovery
from smartspec_rollback.judging.thresholds import judge

__all__ = ["Judgement", "judge", "judge_recovery"]
